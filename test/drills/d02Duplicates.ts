import { TcpProxy } from '#test/api/tcpProxy.ts';
import type { RemoteWorker } from '#test/servers/remoteWorker.ts';
import { lateActs } from './acrossLife/lateActs.ts';
import { lifeCells } from './acrossLife/lifeCells.ts';
import type { Breach, Drill, DrillRoom, Outcome } from './drill.ts';
import { Ground, type Acknowledged } from './ground.ts';
import { brokenInvariants } from './invariants.ts';
import { repeatedMails } from './invariants/outsideEffects.ts';

const patienceMs = 120_000;
const lifeCellsOfSubset = 8;
const acts = ['database.ensure', 'realm.ensure', 'storage.ensure', 'invitation.send'] as const;
const undos = ['storage.destroy', 'realm.destroy', 'database.destroy'] as const;

const parts = [lateAnswers, lostAcknowledgement, frozenActs, frozenInLife] as const;

/** The same act twice, one of them late: the effect is there once, and the log of calls proves that there were two. */
export const duplicates: Drill = {
  id: 'D2',
  title: 'answers after the timeout, lost acknowledgements, a frozen act that outlives its undo',
  full: (room) => drill(room, parts, 4),
  subset: (room) => drill(room, [room.random.one(parts)], 1),
};

async function drill(room: DrillRoom, chosen: readonly (typeof parts)[number][], times: number): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const part of chosen) outcomes.push(await part(room, times));
  return {
    figures: outcomes.flatMap(({ figures }) => figures),
    breaches: outcomes.flatMap(({ breaches }) => breaches),
  };
}

/** An attempt that the server gave up acts on while the next one acts too: heartbeats are lost, the process is frozen and thawed. */
async function lateAnswers({ servers, say }: DrillRoom, times: number): Promise<Outcome> {
  return onGround(servers, {}, async (ground) => {
    const late = await ground.startWorker();
    const places = [...acts, ...undos].flatMap((at) => Array<string>(times).fill(at));
    const tenants = await Promise.all(places.map((at) => ground.register(`late ${at}`, { invited: true })));
    await late.plan(
      tenants.map(({ tenantId }, index) => ({
        tenantId,
        halt: { at: places[index]!, when: 'after' },
        fail: places[index]!.endsWith('.destroy') ? [{ at: 'tenant.check', when: 'before' }] : [],
      })),
    );
    await haltAll(ground, tenants);
    late.freeze();
    const other = await ground.startWorker();
    await ground.settled(ids(tenants), patienceMs);
    await other.kill();
    await thaw(late, places.filter((at) => at !== 'invitation.send').length);
    ground.worker = late;
    const next = await ground.create('After the thaw', { invited: true });
    await ground.settled([next.tenantId], patienceMs);
    const repeated = await repeatedCalls(ground, tenants);
    say(`${tenants.length} calls were late; ${repeated} of their steps were called again`);
    return {
      figures: [
        { what: 'late answers', value: tenants.length, unit: '' },
        { what: 'steps called again beside them', value: repeated, unit: '', limit: { atLeast: tenants.length } },
        {
          what: 'mails that came twice under one id',
          value: repeatedMails(ground),
          unit: '',
          limit: { atLeast: times },
        },
      ],
      breaches: await endsWrong(ground, tenants, (at) => (places[at]!.endsWith('.destroy') ? 'rolled_back' : 'active')),
    };
  });
}

/** What a worker tells Temporal is done, and Temporal never says that it heard. */
async function lostAcknowledgement({ servers, say }: DrillRoom, times: number): Promise<Outcome> {
  const [host = '', port] = servers.temporalAddress.split(':');
  const wire = await TcpProxy.to(host, Number(port));
  try {
    return await onGround(servers, {}, async (ground) => {
      await ground.startWorker({ TEMPORAL_ADDRESS: `127.0.0.1:${wire.port}` });
      const tenants: Acknowledged[] = [];
      for (let time = 0; time < times; time++) {
        const batch = await Promise.all(acts.map((at) => ground.register(`unheard ${at}`, { invited: true })));
        await ground.worker.plan(
          batch.map(({ tenantId }, at) => ({ tenantId, halt: { at: acts[at]!, when: 'after' } })),
        );
        await haltAll(ground, batch);
        // Alternately the report is lost on its way, and its acknowledgement on the way back.
        wire.become(time % 2 === 0 ? 'silent' : 'deaf');
        await ground.worker.goOn();
        await ground.installation.until('a lost report to be missed', 20_000, async () => {
          const begun = await ground.ask<{ late: boolean }>(
            `select now() > max(started_at) + interval '4 s' as late from run_steps`,
          );
          return begun[0]?.late;
        });
        wire.become('open');
        await ground.settled(ids(batch), patienceMs);
        tenants.push(...batch);
      }
      const repeated = await repeatedCalls(ground, tenants);
      say(`${tenants.length} reports were lost; ${repeated} steps were called again`);
      return {
        figures: [
          { what: 'lost reports and acknowledgements', value: tenants.length, unit: '' },
          { what: 'steps called again after them', value: repeated, unit: '', limit: { atLeast: 1 } },
        ],
        breaches: await endsWrong(ground, tenants, () => 'active'),
      };
    });
  } finally {
    await wire.stop();
  }
}

/** SIGSTOP in the act; the act is given up and its undo finishes elsewhere, or another worker takes it over; SIGCONT: whatever the act still does, nothing stays. */
async function frozenActs({ servers, say }: DrillRoom, times: number): Promise<Outcome> {
  return onGround(servers, { TENANTRY_ACT_ATTEMPTS: '1' }, async (ground) => {
    const places = (['before', 'after'] as const).flatMap((when) =>
      acts
        .filter((at) => at.endsWith('.ensure'))
        .flatMap((at) => Array(times).fill({ at, when }) as { at: string; when: typeof when }[]),
    );
    const frozen = await ground.startWorker();
    const tenants = await Promise.all(places.map(({ when, at }) => ground.register(`frozen ${when} ${at}`)));
    await frozen.plan(tenants.map(({ tenantId }, at) => ({ tenantId, halt: places[at]! })));
    await haltAll(ground, tenants);
    frozen.freeze();
    const other = await ground.startWorker();
    await ground.settled(ids(tenants), patienceMs);
    await other.kill();
    await thaw(frozen, places.length);
    const next = await ground.create('After the thaw');
    await ground.settled([next.tenantId], patienceMs);
    const alive = await frozen.isAlive();
    say(`${tenants.length} acts were frozen, undone or taken over elsewhere, and thawed`);
    return {
      figures: [{ what: 'acts that outlived their undo', value: tenants.length, unit: '' }],
      breaches: [
        ...(alive ? [] : [{ rule: 'D2', what: 'the thawed process died' }]),
        // A step beside its workflow is taken over with it, so the run goes on.
        ...(await endsWrong(ground, tenants, (at) => (places[at]!.at === 'realm.ensure' ? 'active' : 'rolled_back'))),
      ],
    };
  });
}

/** The same over all that happens to a tenant in its life; {@link lateActs}. */
async function frozenInLife({ servers, random, say }: DrillRoom, times: number): Promise<Outcome> {
  const cells = times === 1 ? random.some(lifeCells, lifeCellsOfSubset) : lifeCells;
  const { late, breaches } = await lateActs(servers, cells, random);
  say(`${late} acts of a tenant's life were frozen, taken over, and thawed`);
  return { figures: [{ what: "acts of a tenant's life that came late", value: late, unit: '' }], breaches };
}

/** Resolves when everything late has been said and done. */
async function thaw(worker: RemoteWorker, calls: number): Promise<void> {
  const ended = worker.callsEnded(calls);
  worker.thaw();
  await worker.goOn();
  await ended;
}

async function onGround(
  servers: DrillRoom['servers'],
  env: Record<string, string>,
  work: (ground: Ground) => Promise<Outcome>,
): Promise<Outcome> {
  const ground = await Ground.open(servers, { TENANTRY_UNDO_PATIENCE_SECONDS: '120', ...env });
  try {
    const outcome = await work(ground);
    return { ...outcome, breaches: [...outcome.breaches, ...(await brokenInvariants(ground))] };
  } finally {
    await ground.close();
  }
}

const ids = (tenants: Acknowledged[]): string[] => tenants.map(({ tenantId }) => tenantId);

async function haltAll(ground: Ground, tenants: Acknowledged[]): Promise<void> {
  const halted = ground.worker.allHalted(ids(tenants), 60_000);
  await Promise.all(tenants.map(({ runId }) => ground.start(runId)));
  const missing = await halted;
  if (missing.length > 0) throw new Error(`${missing.length} of ${tenants.length} calls did not come to their place`);
}

/** By the ledger: steps of which more than one attempt began. */
async function repeatedCalls(ground: Ground, tenants: Acknowledged[]): Promise<number> {
  const [counted] = await ground.ask<{ count: number }>(
    `select count(*)::int as count from run_steps s join runs r on r.id = s.run_id
     where r.tenant_id = any($1) and (s.attempt > 1 or s.undo_attempt > 1)`,
    [ids(tenants)],
  );
  return counted?.count ?? 0;
}

async function endsWrong(ground: Ground, tenants: Acknowledged[], expected: (at: number) => string): Promise<Breach[]> {
  const states = await ground.ask<{ id: string; state: string }>('select id, state from tenants where id = any($1)', [
    ids(tenants),
  ]);
  return tenants.flatMap(({ tenantId, name }, at) => {
    const state = states.find(({ id }) => id === tenantId)?.state;
    return state === expected(at) ? [] : [{ rule: 'D2', what: `“${name}” ended ${state}, not ${expected(at)}` }];
  });
}
