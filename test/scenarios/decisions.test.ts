import assert from 'node:assert/strict';
import { DomainError } from '#contracts/errors.ts';
import { everywhere } from '#domain/access/grants.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { requestPause, resumeRun, setBreakpoint } from '#domain/runs/deciding/decideRun.ts';
import { decideParked } from '#domain/runs/deciding/decideParked.ts';
import { ProviderError } from '#providers/provider.ts';
import { TestInstallation } from '../servers/installation.ts';
import type { StepIn } from '../servers/faults.ts';
import { remainsOf } from '../servers/remains.ts';

const letItPass: StepIn = async () => undefined;

/** A blueprint whose steps wait for a person; its bucket may be skipped. */
const patientSteps = [
  { kind: 'resource', provider: 'database', title: 'Create the database', onFailure: 'wait' },
  { kind: 'resource', provider: 'realm', title: 'Create the sign-in realm', onFailure: 'wait' },
  { kind: 'resource', provider: 'storage', title: 'Create the storage bucket', onFailure: 'wait', skippable: true },
  { kind: 'check', provider: 'tenant', title: 'Check that everything answers', onFailure: 'wait' },
];

describe('a person decides what a run does', () => {
  let installation: TestInstallation;
  let stepIn = letItPass;
  const refuseAt =
    (at: string, error: () => Error = () => new DomainError('resource_conflict', 'Something is in the way.')): StepIn =>
    async (position) => {
      if (position.at === at && position.when === 'before') throw error();
    };

  before(async () => {
    installation = await TestInstallation.start();
    await installation.addPlan('patient', patientSteps);
    await installation.addPlan('brief', [patientSteps[0]!, patientSteps[2]!]);
    await installation.startWorker((position, attempt) => stepIn(position, attempt));
  });
  after(() => installation.stop());
  beforeEach(() => {
    stepIn = letItPass;
  });

  const parked = async (name: string, at = 'storage.ensure') => {
    stepIn = refuseAt(at);
    const { runId, tenantId } = await installation.createTenant({ name, plan: 'patient' });
    const run = await installation.runIs('waiting', runId);
    stepIn = letItPass;
    return { runId, tenantId, run };
  };
  const refusal = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'accepted',
      (error: unknown) => (error instanceof DomainError ? error.code : String(error)),
    );

  it('retries a step that failed for good, and the run goes on from there', async () => {
    const { runId, run } = await parked('Retried');
    assert.equal(run.steps.find(({ state }) => state === 'waiting')?.reason, 'Something is in the way.');
    const [task] = await installation.asAdmin<{ state: string }>(
      null,
      `select state from tasks where run_id = $1 and kind = 'parked'`,
      [runId],
    );
    assert.equal(task?.state, 'open');
    await installation.decide(runId, 'retry');
    assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
    const [closed] = await installation.asAdmin<{ state: string }>(null, `select state from tasks where run_id = $1`, [
      runId,
    ]);
    assert.equal(closed?.state, 'done');
  });

  it('rolls back instead, and nothing is left', async () => {
    const { runId, tenantId } = await parked('Rolled back');
    await installation.decide(runId, 'roll_back');
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'rolled_back');
    assert.equal(run.reason, 'Something is in the way.');
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });

  it('skips a step that may be skipped, whose undo runs first', async () => {
    const { runId, tenantId } = await parked('Skipped');
    const seen: string[] = [];
    stepIn = async ({ at, when }) => {
      seen.push(`${at} ${when}`);
    };
    await installation.decide(runId, 'skip');
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'succeeded');
    assert.equal(run.steps.find(({ provider }) => provider === 'storage')?.state, 'skipped');
    assert.ok(seen.indexOf('storage.destroy after') < seen.indexOf('realm.prove before'));
    assert.equal(
      (await remainsOf(installation, tenantId)).some((what) => what.includes('bucket')),
      false,
    );
  });

  it('is asked again when the undo of what is skipped fails', async () => {
    const { runId } = await parked('Skipped twice');
    stepIn = refuseAt('storage.destroy');
    await installation.decide(runId, 'skip');
    await installation.until('the second stop', 20_000, async () => {
      const [row] = await installation.asAdmin<{ park: number }>(null, 'select park from runs where id = $1', [runId]);
      return row?.park === 2;
    });
    stepIn = letItPass;
    await installation.decide(runId, 'skip');
    assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
  });

  it('may not skip what its blueprint does not let go', async () => {
    const { runId } = await parked('Not skippable', 'realm.ensure');
    assert.equal(await refusal(installation.decide(runId, 'skip')), 'decision_not_possible');
    await installation.decide(runId, 'roll_back');
    await installation.runIsOver(runId);
  });

  it('is refused when the run has moved on since, and when somebody was faster', async () => {
    const { runId } = await parked('Raced');
    const answers = await Promise.all(
      ['retry', 'roll_back'].map((kind) => refusal(installation.decide(runId, kind as 'retry'))),
    );
    // The later one comes at the same time, or when the run is on its way already.
    assert.equal(answers.filter((answer) => answer === 'accepted').length, 1, answers.join(', '));
    assert.ok(answers.every((answer) => ['accepted', 'run_moved_on', 'decision_not_possible'].includes(answer)));
    await installation.runIsOver(runId);
    assert.equal(await refusal(installation.decide(runId, 'retry')), 'decision_not_possible');
  });

  it('is delivered by the reconciler when the process that accepted it died before it could', async () => {
    const { runId } = await parked('Undelivered');
    const { client } = installation.temporal;
    const getHandle = client.workflow.getHandle;
    client.workflow.getHandle = () => {
      throw new Error('the process died here');
    };
    await installation.decide(runId, 'retry').catch(() => undefined);
    client.workflow.getHandle = getHandle;
    assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
  });

  it('cancels a run that waits for a decision', async () => {
    const { runId, tenantId } = await parked('Cancelled while parked');
    await installation.cancelRun(runId);
    assert.equal((await installation.runIsOver(runId)).state, 'cancelled');
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });

  it('begins nothing after a cancel that came while a step was busy, and promises no undo for it', async () => {
    let reached = () => undefined as void;
    const there = new Promise<void>((resolve) => (reached = resolve));
    let goOn = () => undefined as void;
    const released = new Promise<void>((resolve) => (goOn = resolve));
    const seen: string[] = [];
    stepIn = async ({ at, when }) => {
      seen.push(`${at} ${when}`);
      if (at !== 'database.ensure' || when !== 'after') return;
      reached();
      await released;
    };
    const { runId, tenantId } = await installation.createTenant({ name: 'Cancelled while busy', plan: 'brief' });
    await there;
    await installation.cancelRun(runId);
    goOn();
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'cancelled');
    assert.equal(run.steps.find(({ provider }) => provider === 'storage')?.state, 'pending');
    assert.equal(seen.includes('storage.destroy before'), false);
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });

  it('tells all runs that are parked for one reason the same', async () => {
    const [one, two, other] = [
      await parked('Bulk one'),
      await parked('Bulk two'),
      await parked('Other', 'realm.ensure'),
    ];
    const { told, decided, refused } = await decideParked(
      installation.em,
      { decision: 'retry', where: { reasonCode: 'resource_conflict', provider: 'storage' } },
      everywhere,
      theSystem,
    );
    assert.deepEqual([decided, refused], [2, 0]);
    assert.deepEqual(told.map(({ runId }) => runId).toSorted(), [one.runId, two.runId].toSorted());
    for (const { runId } of [one, two]) assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
    assert.equal((await installation.run(other.runId)).state, 'waiting');
    await installation.decide(other.runId, 'roll_back');
    await installation.runIsOver(other.runId);
  });

  it('stops a run at a breakpoint, before the step has touched anything', async () => {
    const seen: string[] = [];
    let reached = () => undefined as void;
    const there = new Promise<void>((resolve) => (reached = resolve));
    let goOn = () => undefined as void;
    const released = new Promise<void>((resolve) => (goOn = resolve));
    stepIn = async ({ at, when }) => {
      seen.push(`${at} ${when}`);
      if (at !== 'database.ensure' || when !== 'before') return;
      reached();
      await released;
    };
    const { runId } = await installation.createTenant({ name: 'Broken at' });
    await there;
    const step = (await installation.run(runId)).steps.find(({ provider }) => provider === 'storage');
    await installation.em.transactional((em) => setBreakpoint(em, { runId, stepId: step?.id ?? '' }, true, theSystem));
    goOn();
    const run = await installation.runIs('paused', runId);
    assert.equal(run.steps.find(({ provider }) => provider === 'storage')?.state, 'waiting');
    assert.equal(seen.includes('storage.ensure before'), false);
    await installation.decide(runId, 'continue');
    const over = await installation.runIsOver(runId);
    assert.equal(over.state, 'succeeded');
    assert.equal(over.steps.find(({ provider }) => provider === 'storage')?.attempt, 1);
  });

  it('pauses a run before its next step, and takes a pause back that the run has not come to', async () => {
    let goOn = () => undefined as void;
    const released = new Promise<void>((resolve) => (goOn = resolve));
    stepIn = async ({ at, when }) => {
      if (at === 'database.ensure' && when === 'after') await released;
    };
    const { runId } = await installation.createTenant({ name: 'Paused' });
    await installation.runIs('running', runId);
    await installation.em.transactional((em) => requestPause(em, runId, theSystem));
    const taken = await installation.em.transactional((em) => resumeRun(em, runId, theSystem));
    assert.equal(taken.decisionId, null);
    await installation.em.transactional((em) => requestPause(em, runId, theSystem));
    goOn();
    const run = await installation.runIs('paused', runId);
    assert.equal(run.steps.find(({ state }) => state === 'waiting')?.provider, 'realm');
    await installation.decide(runId, 'continue');
    assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
  });

  it('pauses provisioning on the whole platform: runs wait and go on by themselves', async () => {
    const pause = (paused: boolean) =>
      installation.asAdmin(
        null,
        `insert into switches (name, paused, reason) values ('provisioning', $1, 'Storage is being moved.')
         on conflict (name) do update set paused = excluded.paused`,
        [paused],
      );
    await pause(true);
    const { runId } = await installation.createTenant({ name: 'Held by the platform' });
    const run = await installation.runIs('paused', runId);
    assert.match(run.steps.find(({ state }) => state === 'waiting')?.reason ?? '', /Storage is being moved/);
    await pause(false);
    assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
  });

  it('an outage of a provider parks nobody: runs wait until it answers again', async () => {
    let down = true;
    stepIn = async (position) => {
      if (down && position.at === 'storage.ensure' && position.when === 'before')
        throw new ProviderError('storage', 'No answer.');
    };
    const runs = await Promise.all(
      Array.from({ length: 12 }, (_, n) => installation.createTenant({ name: `Outage ${n}` })),
    );
    await installation.until('the circuit to open', 20_000, async () => {
      const [circuit] = await installation.asAdmin<{ state: string }>(
        null,
        `select state from circuits where provider = 'storage' and state <> 'closed'`,
      );
      return circuit;
    });
    await installation.until('the others to wait', 20_000, async () => {
      const [held] = await installation.asAdmin<{ count: number }>(
        null,
        `select count(*)::int as count from runs where held_by = 'circuit:storage'`,
      );
      return (held?.count ?? 0) >= 8;
    });
    down = false;
    const states = await Promise.all(runs.map(async ({ runId }) => (await installation.runIsOver(runId)).state));
    assert.deepEqual(new Set(states), new Set(['succeeded']));
  });
});
