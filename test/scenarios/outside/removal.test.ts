import assert from 'node:assert/strict';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openFinish } from '#domain/runs/ending/finishRollback.ts';
import { startRun } from '#temporal/startRun.ts';
import { CallReceiver } from '../../servers/callReceiver.ts';
import { TestInstallation } from '../../servers/installation.ts';
import { accountStep, planWith, seatsStep } from '../../servers/outsidePlan.ts';
import { remainsOf } from '../../servers/remains.ts';

describe('removing a tenant for whom services of the SaaS team did something', () => {
  let installation: TestInstallation;
  let service: CallReceiver;

  before(async () => {
    installation = await TestInstallation.start({ TENANTRY_STEPS_TO_PRIVATE_NETWORKS: 'true' });
    service = await CallReceiver.start();
    await planWith(installation, 'served', [accountStep(service.url), seatsStep(service.url)]);
    await installation.startWorker();
  });
  after(async () => {
    await service.stop();
    await installation.stop();
  });
  beforeEach(() => {
    service.calls.length = 0;
    service.reply = () => ({ status: 200, body: { account: 'crm-7' } });
  });

  it('lets them take it back, the newest first, with the inputs that they were asked with', async () => {
    const { tenantId, slug } = await installation.provision({ name: 'Removed', plan: 'served' });
    const acts = service.calls.map(({ body }) => body.input);
    const { runId } = await installation.removeTenant(tenantId, slug);
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.deepEqual(service.callsFor(tenantId), [
      '/accounts act',
      '/seats act',
      '/seats/undo undo',
      '/accounts/undo undo',
    ]);
    assert.deepEqual(
      service.calls
        .slice(2)
        .map(({ body }) => body.input)
        .toReversed(),
      acts,
    );
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });

  it('names what one of them would not take back, and asks it again with the next removal', async () => {
    const { tenantId, slug } = await installation.provision({ name: 'Refused', plan: 'served' });
    service.reply = ({ path }) => (path === '/accounts/undo' ? { status: 403 } : { status: 200, body: {} });
    const refused = await installation.removeTenant(tenantId, slug);
    const stuck = await installation.runIsOver(refused.runId);
    assert.equal(stuck.state, 'needs_attention');
    const [task] = await installation.asAdmin<{ left: { title: string; where: string }[] }>(
      null,
      `select what_is_left as left from tasks where tenant_id = $1 and state = 'open'`,
      [tenantId],
    );
    assert.deepEqual(
      task?.left.map(({ where }) => where),
      [`${service.url}/accounts/undo`],
    );
    assert.deepEqual(await remainsOf(installation, tenantId), [`address ${slug}`]);

    service.calls.length = 0;
    service.reply = () => ({ status: 200, body: {} });
    const again = await installation.removeTenant(tenantId, slug);
    assert.equal((await installation.runIsOver(again.runId)).state, 'succeeded');
    assert.deepEqual(service.callsFor(tenantId), ['/accounts/undo undo']);
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });

  it('passes over what a workflow had them take back before it was lost', async () => {
    service.reply = ({ path }) =>
      path === '/accounts' ? { status: 200, body: { account: 'crm-7' } } : { status: path === '/seats' ? 422 : 410 };
    const { runId, tenantId } = await installation.createTenant({ name: 'Undone unheard', plan: 'served' });
    assert.equal((await installation.runIsOver(runId)).state, 'needs_attention');
    await installation.asAdmin(
      null,
      `update step_inputs set undone_at = now() where step_id in (select id from run_steps where run_id = $1)`,
      [runId],
    );
    const calls = service.calls.length;
    const finish = await installation.em.transactional((em) => openFinish(em, runId, theSystem));
    await startRun(installation.platform, installation.temporal.client, finish.runId);
    const finished = await installation.runIsOver(finish.runId);
    assert.equal(finished.state, 'succeeded', finished.reason ?? '');
    const step = finished.steps.find(({ title }) => title === 'Undo: Create the account');
    assert.deepEqual([step?.state, step?.reason], ['skipped', 'There was nothing to take back any more.']);
    assert.equal(service.calls.length, calls, 'nobody is asked twice');
    assert.equal((await installation.run(runId)).state, 'rolled_back');
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });
});
