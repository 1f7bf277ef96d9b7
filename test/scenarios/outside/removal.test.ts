import assert from 'node:assert/strict';
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
});
