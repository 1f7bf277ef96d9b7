import type { DomainError } from '#contracts/errors.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { requestCancel } from '#domain/runs/ending/cancelRun.ts';
import { openFinish } from '#domain/runs/ending/finishRollback.ts';
import type { Position } from '#test/servers/faults.ts';
import { cancelledRuns } from './acrossLife/cancelledRuns.ts';
import { lifeCells } from './acrossLife/lifeCells.ts';
import { stuckCases, stuckUndosOfLife, type StuckCase } from './acrossLife/stuckUndos.ts';
import type { Breach, Drill, DrillRoom, Outcome } from './drill.ts';
import { Ground, type Acknowledged } from './ground.ts';
import { brokenInvariants } from './invariants.ts';
import type { Cell } from './killMatrix/batch.ts';

const undos = ['storage', 'realm', 'database'] as const;
const cancels = [
  'never',
  'before the first step',
  'during an act',
  'during the rollback',
  'twice during the rollback',
] as const;

/** Which undo fails for ever, and when somebody cancels. */
interface Case {
  stuck: (typeof undos)[number] | null;
  cancel: (typeof cancels)[number];
}

const cases: Case[] = [null, ...undos].flatMap((stuck) => cancels.map((cancel) => ({ stuck, cancel })));
const patienceMs = 90_000;

/** Undos that fail for ever, and cancels at every moment: the other undos run, and what is left is named, and only that. */
export const stuckUndo: Drill = {
  id: 'D3',
  title: 'an undo that fails for ever; cancels before, during and twice during a rollback',
  full: (room) => drill(room, { rollbacks: [...cases, ...cases], cancels: lifeCells, stuck: stuckCases }),
  subset: (room) =>
    drill(room, {
      rollbacks: room.random.some(cases, 4),
      cancels: room.random.some(lifeCells, 6),
      stuck: room.random.some(stuckCases, 1),
    }),
};

interface Chosen {
  rollbacks: Case[];
  /** Where runs of a tenant's life are cancelled. */
  cancels: readonly Cell[];
  stuck: readonly StuckCase[];
}

async function drill({ servers, say, random }: DrillRoom, { rollbacks, cancels, stuck }: Chosen): Promise<Outcome> {
  const ground = await Ground.open(servers);
  try {
    await ground.startWorker();
    const breaches = await rollBackAll(ground, rollbacks);
    say(
      `${rollbacks.length} rollbacks ended, ${rollbacks.filter((one) => one.stuck).length} of them with something left`,
    );
    breaches.push(...(await cancelledRuns(ground, cancels, random)));
    say(`${cancels.length} runs of a tenant's life were cancelled`);
    breaches.push(...(await stuckUndosOfLife(ground, stuck)));
    say(`${stuck.length} undos of suspensions and resumptions were stuck, and finished`);
    return {
      figures: [
        { what: 'ways to end a rollback', value: rollbacks.length, unit: '' },
        { what: "runs of a tenant's life cancelled", value: cancels.length, unit: '' },
        { what: 'stuck undos of suspensions and resumptions', value: stuck.length, unit: '' },
      ],
      breaches: [...breaches, ...(await brokenInvariants(ground))],
    };
  } finally {
    await ground.close();
  }
}

/** Where it halts, so that the cancel comes at its moment. */
const haltOf = ({ cancel }: Case): Position | null => {
  if (cancel === 'during an act') return { at: 'realm.ensure', when: 'after' };
  return cancel === 'during the rollback' || cancel === 'twice during the rollback'
    ? { at: 'storage.destroy', when: 'before' }
    : null;
};

/** What brings the rollback about where no cancel does. */
const failsOf = ({ stuck, cancel }: Case): Position[] => [
  ...(cancel === 'before the first step' || cancel === 'during an act'
    ? []
    : [{ at: 'tenant.check', when: 'before' } as const]),
  ...(stuck ? [{ at: `${stuck}.destroy`, when: 'before' } as const] : []),
];

/** Only what was begun can be left: what a cancel came before has nothing to undo. */
async function leaves(ground: Ground, { stuck }: Case, { runId }: Acknowledged): Promise<boolean> {
  const begun = await ground.ask(
    'select 1 from run_steps where run_id = $1 and provider = $2 and attempt + undo_attempt > 0',
    [runId, stuck],
  );
  return begun.length > 0;
}

async function rollBackAll(ground: Ground, chosen: Case[]): Promise<Breach[]> {
  const opened = await Promise.all(
    chosen.map(async (one) => ({ one, tenant: await ground.register(`${one.stuck ?? 'nothing'} stuck`) })),
  );
  await ground.worker.plan(
    opened.map(({ one, tenant: { tenantId } }) => {
      const halt = haltOf(one);
      return { tenantId, fail: failsOf(one), ...(halt ? { halt } : {}) };
    }),
  );
  const waiting = opened.filter(({ one }) => haltOf(one));
  const halted = ground.worker.allHalted(
    waiting.map(({ tenant }) => tenant.tenantId),
    patienceMs,
  );
  await Promise.all(
    opened.map(async ({ one, tenant }) => {
      if (one.cancel === 'before the first step') await cancel(ground, tenant);
      await ground.start(tenant.runId);
    }),
  );
  const missing = await halted;
  if (missing.length > 0) throw new Error(`${missing.length} of ${waiting.length} runs did not come to their place`);
  const refused = await Promise.all(waiting.map(({ one, tenant }) => cancelAtItsMoment(ground, one, tenant)));
  await ground.worker.goOn();
  await ground.settled(null, patienceMs);

  const wrong = await Promise.all(opened.map(({ one, tenant }) => wrongEndOf(ground, one, tenant)));
  await ground.worker.plan(opened.map(({ tenant: { tenantId } }) => ({ tenantId })));
  const unfinished = await Promise.all(
    opened.map(async ({ one, tenant }) => ((await leaves(ground, one, tenant)) ? finishFails(ground, tenant) : [])),
  );
  return [...refused, ...wrong, ...unfinished].flat().map((what) => ({ rule: 'D3', what }));
}

/** By the ledger, as the API does it, and to the workflow. */
async function cancel(ground: Ground, { runId }: Acknowledged): Promise<void> {
  await ground.installation.em.transactional((em) => requestCancel(em, runId, theSystem));
}

async function cancelAtItsMoment(ground: Ground, one: Case, tenant: Acknowledged): Promise<string[]> {
  const { temporal } = await ground.installation.run(tenant.runId);
  const workflow = ground.installation.temporal.client.workflow.getHandle(temporal.workflowId);
  if (one.cancel === 'during an act') {
    await cancel(ground, tenant);
    await workflow.cancel();
    return [];
  }
  const breaches: string[] = [];
  for (let times = one.cancel === 'twice during the rollback' ? 2 : 1; times > 0; times--) {
    const answer = await cancel(ground, tenant).catch((error: DomainError) => error.code);
    if (answer !== 'run_not_cancellable')
      breaches.push(`a cancel ${one.cancel} was not refused: ${answer ?? 'accepted'}`);
    await workflow.cancel(); // past the ledger, as an operator could by CLI
  }
  return breaches;
}

async function wrongEndOf(ground: Ground, one: Case, tenant: Acknowledged): Promise<string[]> {
  const { runId, tenantId } = tenant;
  const what = `${one.stuck ?? 'nothing'} stuck, cancelled ${one.cancel}`;
  const wasCancelled = one.cancel === 'before the first step' || one.cancel === 'during an act';
  const stuck = (await leaves(ground, one, tenant)) ? one.stuck : null;
  const expected = stuck ? 'needs_attention' : wasCancelled ? 'cancelled' : 'rolled_back';
  const { state } = await ground.installation.run(runId);
  const left = await ground.ask<{ provider: string }>(
    `select r.provider from resources r where r.tenant_id = $1 and r.state not in ('planned', 'destroyed')`,
    [tenantId],
  );
  const told = await ground.ask<{ left: { title: string }[] }>(
    `select what_is_left as left from tasks where tenant_id = $1 and state = 'open'`,
    [tenantId],
  );
  const titles = await ground.ask<{ title: string }>(
    `select title from resources where tenant_id = $1 and provider = $2`,
    [tenantId, stuck ?? ''],
  );
  const wrong: string[] = [];
  if (state !== expected) wrong.push(`${what}: ended ${state}, not ${expected}`);
  if (left.map(({ provider }) => provider).join() !== (stuck ?? ''))
    wrong.push(`${what}: ${left.map(({ provider }) => provider).join() || 'nothing'} is left`);
  const named = told.flatMap((task) => task.left.map(({ title }) => title)).join();
  if (named !== titles.map(({ title }) => title).join()) wrong.push(`${what}: the task names “${named}”`);
  return wrong;
}

async function finishFails(ground: Ground, { runId }: Acknowledged): Promise<string[]> {
  const opened = await ground.installation.em.transactional((em) => openFinish(em, runId, theSystem));
  await ground.start(opened.runId);
  const { state } = await ground.installation.runIsOver(opened.runId, patienceMs);
  return state === 'succeeded' ? [] : [`finish rollback ended ${state}`];
}
