import type { TestInstallation } from '#test/servers/installation.ts';
import { registerTenant } from '#domain/tenants/registerTenant.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { startRun } from '#temporal/startRun.ts';

/** So many that a hundred are in flight when the worker dies. */
const count = 125;
const startersAtOnce = 10;
const patienceMs = 180_000;
/** The worker dies when so many are through and the others are somewhere in between. */
const endedAtKill = 20;

/** What a `kill -9` of the only worker costs a hundred sagas. */
export interface HundredKilled {
  /** From the first start to the last end, when nothing happens. */
  undisturbedSeconds: number;
  /** From ready of the restarted worker to the last end. */
  afterReadySeconds: number;
  /** Of that, what the undisturbed run would not have taken any more. */
  beyondSeconds: number;
  /** Sagas that were open when the worker died. */
  inFlight: number;
}

/** Provisions as many tenants undisturbed, then those whose only worker is killed in their midst. Throws unless all succeed. */
export async function killWithHundredInFlight(installation: TestInstallation): Promise<HundredKilled> {
  let worker = await installation.startWorkerProcess();
  await provisionAll(installation, 10).then(({ ended }) => ended(10)); // warm
  const undisturbed = await provisionAll(installation, count);
  await undisturbed.ended(count);
  const undisturbedMs = Date.now() - undisturbed.began;

  const disturbed = await provisionAll(installation, count);
  await disturbed.ended(endedAtKill);
  const inFlight = count - (await disturbed.succeeded());
  await worker.kill();
  const leftMs = Math.max(0, undisturbedMs - (Date.now() - disturbed.began));
  worker = await installation.startWorkerProcess();
  const ready = Date.now();
  await disturbed.ended(count);
  const afterReadyMs = Date.now() - ready;
  await worker.kill();
  return {
    undisturbedSeconds: undisturbedMs / 1_000,
    afterReadySeconds: afterReadyMs / 1_000,
    beyondSeconds: Math.max(0, afterReadyMs - leftMs) / 1_000,
    inFlight,
  };
}

/** Commits all, then starts all at once: what is measured begins with the first start. */
async function provisionAll(installation: TestInstallation, wanted: number) {
  const runIds: string[] = [];
  for (let next = 0; next < wanted; next++) {
    const { runId } = await installation.em.transactional((em) =>
      registerTenant(em, installation.platform.tenantKeys, { name: `In flight ${next}` }, theSystem),
    );
    runIds.push(runId);
  }
  const began = Date.now();
  const waiting = [...runIds];
  const startNext = async () => {
    for (let id = waiting.shift(); id; id = waiting.shift())
      await startRun(installation.platform, installation.temporal.client, id);
  };
  await Promise.all(Array.from({ length: startersAtOnce }, startNext));

  const succeeded = async (): Promise<number> => {
    const states = await installation.asAdmin<{ state: string; count: number }>(
      null,
      'select state, count(*)::int as count from runs where id = any($1) group by state',
      [runIds],
    );
    const bad = states.find(({ state }) => /^(rolled_back|cancelled|needs_attention)$/.test(state));
    if (bad) throw new Error(`${bad.count} of ${wanted} runs ended ${bad.state}`);
    return states.find(({ state }) => state === 'succeeded')?.count ?? 0;
  };
  const ended = (atLeast: number) =>
    installation.until(
      `${atLeast} of ${wanted} runs to succeed`,
      patienceMs,
      async () => (await succeeded()) >= atLeast,
    );
  return { began, succeeded, ended };
}
