import { theSystem } from '#domain/events/appendEvent.ts';
import { openRemoval } from '#domain/tenants/openRemoval.ts';
import type { Poison } from '#test/servers/remoteWorker.ts';
import { percentile, type Breach, type Drill, type DrillRoom, type Outcome } from './drill.ts';
import { Ground, type Acknowledged } from './ground.ts';
import { brokenInvariants } from './invariants.ts';

const actAttempts = 3;
const undoPatienceSeconds = 5;
const undoAttempts = 5 + undoPatienceSeconds / 5;
const startsWithinMs = 2_000;
const patienceMs = 600_000;
const startersAtOnce = 12;

interface Load {
  queued: number;
  interactive: number;
  poisons: Poison[];
  /** How many runs each poison gets. */
  each: number;
}

/** One tenant's work throws, hangs and answers too much, and an import fills the bulk queue: others do not wait for either. */
export const poisonedWork: Drill = {
  id: 'D9',
  title: 'poisoned work of one tenant, and a thousand queued runs',
  full: (room) =>
    drill(room, { queued: 1_000, interactive: 20, poisons: ['throws', 'hangs', 'answers 3 MB'], each: 6 }),
  subset: (room) => drill(room, { queued: 12, interactive: 2, poisons: ['throws', 'answers 3 MB'], each: 1 }),
};

async function drill({ servers, say }: DrillRoom, load: Load): Promise<Outcome> {
  const ground = await Ground.open(servers, {
    TENANTRY_ACT_ATTEMPTS: String(actAttempts),
    TENANTRY_UNDO_PATIENCE_SECONDS: String(undoPatienceSeconds),
  });
  try {
    await ground.startWorker();
    const removals = await stuckRemovals(ground, load.each);
    const poisoned = await poisonedCreations(ground, load);
    const importing = importAll(ground, load.queued);
    importing.catch(() => undefined);
    const waits: number[] = [];
    for (let one = 0; one < load.interactive; one++) waits.push(await firstStepAfter(ground));
    await importing;
    say(`the import of ${load.queued} is queued; ${load.interactive} tenants began beside it`);
    await ground.settled(null, patienceMs);
    say('every run has ended');
    return {
      figures: [
        { what: 'queued runs', value: load.queued, unit: '' },
        { what: 'poisoned runs', value: poisoned.length + removals.length, unit: '' },
        {
          what: "another tenant's first step runs, p99",
          value: percentile(waits, 0.99),
          unit: 'ms',
          limit: { atMost: startsWithinMs },
        },
        { what: "another tenant's first step runs, p50", value: percentile(waits, 0.5), unit: 'ms' },
      ],
      breaches: [
        ...(await unbounded(ground, [...poisoned, ...removals])),
        ...(await harmedOthers(ground, [...poisoned, ...removals])),
        ...(await unattended(ground, removals)),
        ...(await brokenInvariants(ground)),
      ],
    };
  } finally {
    await ground.close();
  }
}

async function poisonedCreations(ground: Ground, { poisons, each }: Load): Promise<Acknowledged[]> {
  const wanted = poisons.flatMap((by) => Array<Poison>(each).fill(by));
  const tenants = await Promise.all(wanted.map((by) => ground.register(`work that ${by}`)));
  await ground.worker.plan(
    tenants.map(({ tenantId }, at) => {
      const by = wanted[at]!;
      return { tenantId, poison: { at: by === 'answers 3 MB' ? 'tenant.check' : 'storage.ensure', by } };
    }),
  );
  for (const { runId } of tenants) await ground.start(runId);
  return tenants;
}

/** Removals in which a resource answers nothing but errors. */
async function stuckRemovals(ground: Ground, count: number): Promise<Acknowledged[]> {
  const tenants = await Promise.all(Array.from({ length: count }, () => ground.create('a removal that throws')));
  await ground.settled(null, patienceMs);
  await ground.worker.plan(
    tenants.map(({ tenantId }) => ({ tenantId, poison: { at: 'realm.destroy', by: 'throws' as const } })),
  );
  for (const { tenantId, slug } of tenants) {
    const { runId } = await ground.installation.em.transactional((em) => openRemoval(em, tenantId, slug, theSystem));
    await ground.start(runId);
  }
  return tenants;
}

async function importAll(ground: Ground, count: number): Promise<void> {
  let next = 0;
  const importNext = async () => {
    while (next < count) await ground.create(`Imported ${next++}`, { queue: 'bulk' });
  };
  await Promise.all(Array.from({ length: startersAtOnce }, importNext));
}

/** From the wish for a tenant to its first step under way, in ms. */
async function firstStepAfter(ground: Ground): Promise<number> {
  const began = performance.now();
  const { runId } = await ground.create('Somebody else');
  await ground.installation.until('the first step of another tenant', 60_000, async () => {
    const begun = await ground.installation.run(runId);
    return begun.steps.some(({ state, provider }) => provider !== 'address' && state !== 'pending');
  });
  return performance.now() - began;
}

async function unbounded(ground: Ground, tenants: Acknowledged[]): Promise<Breach[]> {
  const tried = await ground.ask<{
    name: string;
    provider: string;
    attempt: number;
    undo_attempt: number;
    bound: number;
  }>(
    `select t.name, s.provider, s.attempt, s.undo_attempt, case when r.kind = 'provisionTenant' then $2 else $3 end::int as bound
     from run_steps s join runs r on r.id = s.run_id join tenants t on t.id = r.tenant_id
     where r.tenant_id = any($1) and s.kind in ('resource', 'check')`,
    [ids(tenants), actAttempts, undoAttempts],
  );
  return tried
    .filter(({ attempt, undo_attempt: undo, bound }) => attempt > bound || undo > undoAttempts)
    .map(({ name, provider, attempt, undo_attempt: undo }) => ({
      rule: 'D9',
      what: `${provider} of “${name}” was tried ${attempt} and ${undo} times`,
    }));
}

async function harmedOthers(ground: Ground, poisoned: Acknowledged[]): Promise<Breach[]> {
  const ends = await ground.ask<{ id: string; state: string; name: string }>('select id, state, name from tenants');
  const ill = new Set(ids(poisoned));
  return ends
    .filter(({ id, state }) => (ill.has(id) ? state === 'active' || state === 'provisioning' : state !== 'active'))
    .map(({ state, name }) => ({ rule: 'D9', what: `“${name}” ended ${state}` }));
}

/** What could not be removed is a person's task. */
async function unattended(ground: Ground, removals: Acknowledged[]): Promise<Breach[]> {
  const tasks = await ground.ask<{ tenant_id: string }>(
    `select tenant_id from tasks where kind = 'attention' and state = 'open'`,
  );
  const attended = new Set(tasks.map(({ tenant_id }) => tenant_id));
  return removals
    .filter(({ tenantId }) => !attended.has(tenantId))
    .map(({ name }) => ({ rule: 'D9', what: `nobody is asked to look at “${name}”` }));
}

const ids = (tenants: Acknowledged[]): string[] => tenants.map(({ tenantId }) => tenantId);
