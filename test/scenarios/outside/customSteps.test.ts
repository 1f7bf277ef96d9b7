import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { theSystem } from '#domain/events/appendEvent.ts';
import { issueWorkerToken } from '#domain/workerTokens/workerTokens.ts';
import { assertInTime } from '#test/run/patience.ts';
import { ApiInstallation } from '../../api/apiInstallation.ts';
import { startForeignWorker, type ForeignWorker } from '../../servers/foreignWorker.ts';
import type { TestInstallation } from '../../servers/installation.ts';
import { planWith } from '../../servers/outsidePlan.ts';
import { remainsOf } from '../../servers/remains.ts';

interface Call {
  tenantId: string;
  runId: string;
  stepId: string;
  number: number;
  verb: 'act' | 'undo';
  input: Record<string, unknown>;
}

describe('a step that a worker of the SaaS team serves', () => {
  let api: ApiInstallation;
  let installation: TestInstallation;
  let calls: Call[] = [];
  let act: (call: Call) => Promise<unknown>;
  const workers: ForeignWorker[] = [];

  const activities = {
    'crm.create_account': async (call: Call) => {
      calls.push(call);
      return act(call);
    },
    'crm.delete_account': async (call: Call) => void calls.push(call),
  };
  const serve = async (token?: string | null): Promise<string> => {
    const taskQueue = `crm-${randomBytes(4).toString('hex')}`;
    const issued = await issueWorkerToken(installation.em, { name: 'CRM', taskQueue, days: 1 }, theSystem);
    workers.push(
      await startForeignWorker(api, { taskQueue, activities, token: token === undefined ? issued.token : token }),
    );
    return taskQueue;
  };
  const account = (taskQueue: string, more: object = {}) => ({
    key: 'account',
    kind: 'custom',
    title: 'Create the account',
    taskQueue,
    activity: 'crm.create_account',
    undo: 'crm.delete_account',
    timeoutSeconds: 30,
    input: { slug: { $tenant: 'slug' } },
    outputSchema: { type: 'object', properties: { account: { type: 'string' } }, required: ['account'] },
    ...more,
  });
  const seats = (taskQueue: string, more: object = {}) =>
    account(taskQueue, {
      key: 'seats',
      title: 'Book the seats',
      input: { of: { $from: 'steps.account.account' } },
      outputSchema: undefined,
      ...more,
    });
  let plans = 0;
  const plan = async (...steps: object[]): Promise<string> => {
    const name = `custom-${(plans += 1)}`;
    await planWith(installation, name, steps);
    return name;
  };
  const provision = async (name: string, planName: string) => {
    const created = await installation.createTenant({ name, plan: planName });
    return { ...created, run: await installation.runIsOver(created.runId) };
  };
  const verbs = () => calls.map(({ verb, input }) => `${verb} ${Object.keys(input).join()}`);

  before(async () => {
    api = await ApiInstallation.start();
    ({ installation } = api);
    await installation.startWorker();
  });
  after(async () => {
    for (const worker of workers) await worker.stop();
    await api.stop();
  });
  beforeEach(() => {
    calls = [];
    act = async () => ({ account: 'acct-7f31' });
  });

  it('is asked with what the blueprint says, opened by the codec; its answer reaches the step after it', async () => {
    const queue = await serve();
    const { tenantId, slug, runId, run } = await provision('Served', await plan(account(queue), seats(queue)));
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.deepEqual(
      calls.map(({ input }) => input),
      [{ slug }, { of: 'acct-7f31' }],
    );
    assert.partialDeepStrictEqual(calls[0], { tenantId, runId, number: 1, verb: 'act' });
    const { temporal } = await installation.run(runId);
    const history = await installation.temporal.client.workflow.getHandle(temporal.workflowId).fetchHistory();
    assert.ok(!JSON.stringify(history).includes(Buffer.from('acct-7f31').toString('base64')));
  });

  it('that fails for good is undone with those before it; the reason tells the type of the error, not its text', async () => {
    const queue = await serve();
    act = async ({ input }) => {
      if ('of' in input) throw ApplicationFailure.nonRetryable('canary-3f1b of a customer', 'NoSeatsLeft');
      return { account: 'acct-7f31' };
    };
    const { tenantId, run } = await provision('Undone', await plan(account(queue), seats(queue)));
    assert.equal(run.state, 'rolled_back');
    assert.equal(
      run.reason,
      `"crm.create_account" on the task queue "${queue}" failed (NoSeatsLeft); the log of its worker tells more.`,
    );
    assert.deepEqual(verbs(), ['act slug', 'act of', 'undo of', 'undo slug']);
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });

  it('is asked again when its worker stumbles', async () => {
    const queue = await serve();
    let stumbles = 1;
    act = async () => {
      if (stumbles-- > 0) throw new Error('for once');
      return { account: 'acct-7f31' };
    };
    const { run } = await provision('Stumbles', await plan(account(queue)));
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.equal(calls.length, 2);
    assert.equal(run.steps.find(({ title }) => title === 'Create the account')?.attempt, 2);
  });

  it('rolls back after its time when nobody serves the queue, names it, and waits for no undo there', async () => {
    const began = Date.now();
    const { tenantId, run } = await provision('Nobody', await plan(account('crm-nobody', { timeoutSeconds: 2 })));
    assert.equal(run.state, 'rolled_back');
    assert.equal(
      run.reason,
      'Nobody serves the task queue "crm-nobody": "crm.create_account" was not taken within 2 seconds.',
    );
    assertInTime(Date.now() - began, 9_000, 'the undo would have waited ten seconds');
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });

  it('that is cancelled while it waits in the queue leaves nothing to undo there', async () => {
    const { runId } = await installation.createTenant({ name: 'Cancelled', plan: await plan(account('crm-idle')) });
    await installation.until('the step', 20_000, async () =>
      (await installation.run(runId)).steps.some(
        ({ title, state }) => title.includes('account') && state === 'running',
      ),
    );
    const asked = Date.now();
    await installation.cancelRun(runId);
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'cancelled', run.reason ?? '');
    assertInTime(Date.now() - asked, 8_000, 'the cancel');
  });

  it('whose worker takes it and does not answer is given up after its time, and undone', async () => {
    const queue = await serve();
    act = () => new Promise(() => undefined);
    const { run } = await provision('Silent', await plan(account(queue, { timeoutSeconds: 2 })));
    assert.equal(run.state, 'rolled_back');
    assert.equal(
      run.reason,
      `"crm.create_account" on the task queue "${queue}" was taken and not answered within its time.`,
    );
    assert.deepEqual(verbs(), ['act slug', 'undo slug']);
  });

  it('whose answer does not fit its schema is undone', async () => {
    const queue = await serve();
    act = async () => ({ account: 7 });
    const { run } = await provision('Misfit', await plan(account(queue)));
    assert.equal(run.state, 'rolled_back');
    assert.equal(run.reason, `The answer does not fit the step's schema: "account" must be string.`);
    assert.deepEqual(verbs(), ['act slug', 'undo slug']);
  });

  it('whose worker has no codec, or the token of another queue, sees nothing and does not stop the run', async () => {
    const other = await issueWorkerToken(installation.em, { name: 'Other', taskQueue: 'other', days: 1 }, theSystem);
    const [blind, refused] = [await serve(null), await serve(other.token)];
    const [one, two] = await Promise.all([
      provision('Blind', await plan(account(blind, { timeoutSeconds: 4 }))),
      provision('Refused', await plan(account(refused, { timeoutSeconds: 4 }))),
    ]);
    // Their undos are as blind: a person is asked, who gives them the codec and finishes.
    assert.deepEqual([one.run.state, two.run.state], ['needs_attention', 'needs_attention']);
    assert.deepEqual(calls, []);
  });

  it('that waits for a person is retried with another input; both are undone in the end', async () => {
    const queue = await serve();
    act = async ({ input }) => {
      if (input['slug'] !== 'edited') throw ApplicationFailure.nonRetryable('no', 'Taken');
      return { account: 'acct-8' };
    };
    const inputSchema = { type: 'object', properties: { slug: { type: 'string' } }, required: ['slug'] };
    const refused = seats(`${queue}-nobody`, { timeoutSeconds: 1 });
    const { runId } = await installation.createTenant({
      name: 'Another',
      plan: await plan(account(queue, { onFailure: 'wait', inputSchema }), refused),
    });
    const waiting = await installation.until('the run to wait', 20_000, async () => {
      const run = await installation.run(runId);
      return run.state === 'waiting' ? run : null;
    });
    const decided = await api.ask('POST', `/api/v1/runs/${runId}/decisions`, {
      body: { decision: 'retry', version: waiting.version, input: { slug: 'edited' } },
    });
    assert.ok(decided.status < 300, decided.text);
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'rolled_back', run.reason ?? '');
    assert.deepEqual(
      calls.map(({ verb, number, input }) => `${verb} ${number} ${String(input['slug'])}`),
      ['act 1 another', 'act 2 edited', 'undo 2 edited', 'undo 1 another'],
    );
  });

  it('is carried out after the doors, by a run of its own', async () => {
    const queue = await serve();
    const after = seats(queue, { when: 'after', undo: null, irreversible: true });
    const { runId, run } = await provision('After', await plan(account(queue), after));
    assert.equal(run.state, 'succeeded');
    const [delivery] = await installation.asAdmin<{ id: string }>(
      null,
      'select id from runs where parent_run_id = $1',
      [runId],
    );
    assert.equal((await installation.runIsOver(delivery!.id)).state, 'succeeded');
    assert.deepEqual(calls.at(-1)?.input, { of: 'acct-7f31' });
  });
});
