import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import proto from '@temporalio/proto';
import { DomainError } from '#contracts/errors.ts';
import type { RunningWorker } from '#workers/worker.ts';
import { ApiInstallation, ask } from '../../api/apiInstallation.ts';
import type { StepIn } from '../../servers/faults.ts';
import type { TestInstallation } from '../../servers/installation.ts';
import { accountStep, planWith, seatsStep } from '../../servers/outsidePlan.ts';
import { remainsOf } from '../../servers/remains.ts';
import { CallReceiver, type Called, type Reply } from '../../servers/callReceiver.ts';

const done = { outcome: 'done', output: { account: 'crm-7' } };

describe('a step that is a signed call to a service of the SaaS team', () => {
  let api: ApiInstallation;
  let installation: TestInstallation;
  let service: CallReceiver;
  let secret: string;
  let stepIn: StepIn = async () => undefined;

  const account = (more: object = {}) => accountStep(service.url, more);
  const seats = () => seatsStep(service.url);
  const startWorker = () => installation.startWorker((position, attempt) => stepIn(position, attempt));
  let worker: RunningWorker;
  let plans = 0;
  const plan = async (...steps: object[]): Promise<string> => {
    const name = `http-${(plans += 1)}`;
    await planWith(installation, name, steps);
    return name;
  };
  const provision = async (name: string, planName: string) => {
    const created = await installation.createTenant({ name, plan: planName });
    return { ...created, run: await installation.runIsOver(created.runId) };
  };
  const byPath = (replies: Record<string, Reply>) => {
    service.reply = ({ path }) => replies[path] ?? { status: 200, body: { account: 'crm-7' } };
  };
  const answer = ({ body }: Called, what: object = done) => {
    const { pathname } = new URL(body.callback.url);
    return ask(api.url, 'POST', pathname, { body: what });
  };

  before(async () => {
    api = await ApiInstallation.start((same) => same, { TENANTRY_STEPS_TO_PRIVATE_NETWORKS: 'true' });
    ({ installation } = api);
    service = await CallReceiver.start();
    ({ secret } = (await api.ask<{ secret: string }>('POST', '/api/v1/signing-secrets')).body);
    worker = await startWorker();
  });
  after(async () => {
    await service.stop();
    await api.stop();
  });
  beforeEach(() => {
    service.calls.length = 0;
    byPath({});
    stepIn = async () => undefined;
  });

  it('is called once, signed, with what the blueprint says; its answer reaches the step after it', async () => {
    const { tenantId, slug, run } = await provision('Served', await plan(account(), seats()));
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.deepEqual(service.callsFor(tenantId), ['/accounts act', '/seats act']);
    const [call, after] = service.calls as [Called, Called];
    assert.equal(call.body.input['slug'], slug);
    assert.match(String(call.body.input['schema']), /^t_/);
    assert.deepEqual(after.body.input, { of: 'crm-7' });

    const signed = `${call.headers['webhook-id']}.${call.headers['webhook-timestamp']}.${call.text}`;
    const mac = createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'))
      .update(signed)
      .digest('base64');
    assert.equal(call.headers['webhook-signature'], `v1,${mac}`);
    assert.equal(call.headers['webhook-id'], `${call.body.stepId}.1.act`);
  });

  it('is called again with the same id while the service is overloaded, after the pause that it asks for', async () => {
    let refusals = 1;
    service.reply = () =>
      refusals-- > 0 ? { status: 503, headers: { 'retry-after': '3' } } : { status: 200, body: { account: 'crm-7' } };
    const { run } = await provision('Overloaded', await plan(account()));
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.equal(service.calls.length, 2);
    assert.equal(new Set(service.calls.map(({ headers }) => headers['webhook-id'])).size, 1);
    const [first, second] = service.calls.map(({ headers }) => Number(headers['webhook-timestamp'])) as [
      number,
      number,
    ];
    assert.ok(second - first >= 2, 'three seconds, less what rounding takes');
  });

  it('is undone with the same input, in reverse, when a later step fails for good', async () => {
    byPath({ '/seats': { status: 422, body: { secret: 'of the service' } } });
    const { tenantId, run } = await provision('Undone', await plan(account(), seats()));
    assert.equal(run.state, 'rolled_back');
    assert.equal(run.reason, '127.0.0.1 refused the call for good (422).');
    assert.deepEqual(service.callsFor(tenantId), [
      '/accounts act',
      '/seats act',
      '/seats/undo undo',
      '/accounts/undo undo',
    ]);
    const inputs = service.calls.filter(({ path }) => path.startsWith('/accounts')).map(({ body }) => body.input);
    assert.deepEqual(inputs[0], inputs[1]);
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });

  it('rolls back and names the host when nobody is there, and asks nobody for an undo', async () => {
    const gone = await CallReceiver.start();
    await gone.stop();
    const undoUrl = `${gone.url}/undo`;
    const { run } = await provision('Nobody', await plan(account({ url: `${gone.url}/x`, undoUrl })));
    assert.equal(run.state, 'rolled_back');
    assert.equal(run.reason, 'Nobody answers at 127.0.0.1.');
  });

  it('rolls back when the answer does not fit the schema, and does not repeat what it said', async () => {
    byPath({ '/accounts': { status: 200, body: { account: 7, secret: 'canary' } } });
    const { run } = await provision('Misfit', await plan(account()));
    assert.equal(run.state, 'rolled_back');
    assert.match(run.reason ?? '', /^The answer does not fit the step's schema: "account" must be string\.$/);
  });

  it('may answer later: the run waits over a restart of the worker, and the answer is taken once', async () => {
    let taken: (call: Called) => void;
    const arrived = new Promise<Called>((resolve) => (taken = resolve));
    service.reply = (call) => {
      if (call.path !== '/accounts') return { status: 200, body: {} };
      taken(call);
      return { status: 202 };
    };
    const { runId } = await installation.createTenant({ name: 'Later', plan: await plan(account(), seats()) });
    const call = await arrived;
    await worker.stop();
    worker = await startWorker();
    const misfit = await answer(call, { outcome: 'done', output: { account: 7 } });
    assert.equal(misfit.body['code'], 'output_invalid');
    assert.equal((await answer(call)).status, 204);
    assert.equal((await answer(call)).body['code'], 'callback_answered');
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.deepEqual(service.calls.at(-1)?.body.input, { of: 'crm-7' });
    const [row] = await installation.asAdmin<{ row: string }>(
      null,
      'select c::text as row from step_callbacks c where run_id = $1',
      [runId],
    );
    assert.ok(!row?.row.includes(call.body.callback.url.split('/').at(-1)!));
  });

  it('that says later that it failed is undone; then nobody takes another answer', async () => {
    service.reply = ({ path }) => ({ status: path === '/accounts' ? 202 : 200 });
    const { runId } = await installation.createTenant({ name: 'Failed later', plan: await plan(account()) });
    const call = await installation.until('the call', 10_000, async () => service.calls[0]);
    assert.equal((await answer(call, { outcome: 'failed' })).status, 204);
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'rolled_back');
    assert.match(run.reason ?? '', /took the call and then answered that it failed/);
    assert.deepEqual(service.callsFor(call.body.tenantId), ['/accounts act', '/accounts/undo undo']);
  });

  it('that never answers is given up after its time, and a late answer is told so', async () => {
    service.reply = ({ path }) => ({ status: path === '/accounts' ? 202 : 200 });
    const { runId } = await installation.createTenant({
      name: 'Never',
      plan: await plan(account({ timeoutSeconds: 2 })),
    });
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'rolled_back');
    assert.match(run.reason ?? '', /did not answer within its time/);
    assert.equal((await answer(service.calls[0]!)).body['code'], 'callback_over');
  });

  it('that cannot be undone is named, and finishing the rollback calls its undo again', async () => {
    byPath({ '/seats': { status: 422 }, '/accounts/undo': { status: 410 } });
    const { runId, tenantId, run } = await provision('Left', await plan(account(), seats()));
    assert.equal(run.state, 'needs_attention');
    assert.match(run.reason ?? '', /Left: Create the account/);
    byPath({});
    const finish = await api.ask<{ runId: string }>('POST', `/api/v1/runs/${runId}/finish-rollback`);
    const finished = await installation.runIsOver(finish.body.runId);
    assert.equal(finished.state, 'succeeded', finished.reason ?? '');
    assert.equal((await installation.run(runId)).state, 'rolled_back');
    const [act, ...undos] = service.calls.filter(({ path }) => path.startsWith('/accounts'));
    assert.deepEqual(
      new Set(undos.map(({ headers }) => headers['webhook-id'])),
      new Set([`${act?.body.stepId}.1.undo`]),
    );
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });

  it('whose answer is a secret leaves it in no row, history or log', async () => {
    const secret = 'canary-4e7d-that-only-the-tenant-may-know';
    const dresses = [secret, Buffer.from(secret).toString('hex')].concat(
      [0, 1, 2].map((offset) =>
        Buffer.from(' '.repeat(offset) + secret)
          .toString('base64')
          .slice(4, -4),
      ),
    );
    const found = (text: string) => dresses.filter((dress) => text.includes(dress));
    service.reply = ({ path }) =>
      path === '/accounts' ? { status: 202 } : { status: 200, body: { account: secret, of: secret } };
    const { runId } = await installation.createTenant({ name: 'Secretive', plan: await plan(account(), seats()) });
    const call = await installation.until('the call', 10_000, async () => service.calls[0]);
    await answer(call, { outcome: 'done', output: { account: secret } });
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.deepEqual(service.calls.at(-1)?.body.input, { of: secret });

    const tables = await installation.asAdmin<{ name: string }>(
      null,
      `select tablename as name from pg_tables where schemaname = 'public'`,
    );
    for (const { name } of tables) {
      const rows = await installation.asAdmin<{ row: string }>(null, `select t::text as row from ${name} t`);
      assert.deepEqual(found(rows.map(({ row }) => row).join('\n')), [], name);
    }
    const handle = installation.temporal.client.workflow.getHandle(run.temporal.workflowId);
    const history = Buffer.from(proto.temporal.api.history.v1.History.encode(await handle.fetchHistory()).finish());
    assert.deepEqual(
      dresses.filter((dress) => history.includes(dress)),
      [],
    );
    const log = api.logLines.join('\n');
    assert.deepEqual(found(log), []);
    assert.ok(!log.includes(call.body.callback.url.split('/').at(-1)!), 'nor the token of the callback');
  });

  it('reaches no private address while that is not permitted', async () => {
    const strict = await ApiInstallation.start();
    try {
      await strict.installation.startWorker();
      await planWith(strict.installation, 'strict', [account()]);
      const { runId } = await strict.installation.createTenant({ name: 'Strict', plan: 'strict' });
      const run = await strict.installation.runIsOver(runId);
      assert.equal(run.state, 'rolled_back');
      assert.equal(run.reason, '127.0.0.1 is an address of this network, which steps may not call.');
      assert.equal(service.calls.length, 0);
    } finally {
      await strict.stop();
    }
  });

  describe('after the doors', () => {
    it('is carried out by a run of its own, and knows what the steps before told', async () => {
      const welcome = { ...seats(), key: 'welcome', when: 'after', undoUrl: null, irreversible: true };
      const { runId, run } = await provision('Welcome', await plan(account(), welcome));
      assert.equal(run.state, 'succeeded');
      const [delivery] = await installation.asAdmin<{ id: string; kind: string }>(
        null,
        'select id, kind from runs where parent_run_id = $1',
        [runId],
      );
      assert.equal(delivery?.kind, 'deliverStep');
      assert.equal((await installation.runIsOver(delivery.id)).state, 'succeeded');
      assert.deepEqual(service.calls.at(-1)?.body.input, { of: 'crm-7' });
    });

    it('that is refused for good leaves the tenant active and asks for a person', async () => {
      byPath({ '/seats': { status: 403 } });
      const welcome = { ...seats(), key: 'welcome', when: 'after', undoUrl: null };
      const { runId, tenantId } = await provision('Unwelcome', await plan(account(), welcome));
      const [delivery] = await installation.asAdmin<{ id: string }>(
        null,
        'select id from runs where parent_run_id = $1',
        [runId],
      );
      assert.equal((await installation.runIsOver(delivery!.id)).state, 'needs_attention');
      const [task] = await installation.asAdmin<{ kind: string; title: string; state: string }>(
        null,
        'select kind, title, state from tasks where run_id = $1',
        [delivery!.id],
      );
      assert.deepEqual(task, {
        kind: 'delivery_refused',
        title: 'A step after the doors was refused for good',
        state: 'open',
      });
      const [tenant] = await installation.asAdmin<{ state: string }>(null, 'select state from tenants where id = $1', [
        tenantId,
      ]);
      assert.equal(tenant?.state, 'active');
    });
  });

  it('is not called while another step before it is refused', async () => {
    stepIn = async ({ at }) => {
      if (at === 'database.ensure') throw new DomainError('resource_conflict', 'Something is in the way.');
    };
    const { run } = await provision('Before', await plan(account()));
    assert.equal(run.state, 'rolled_back');
    assert.equal(service.calls.length, 0);
  });
});
