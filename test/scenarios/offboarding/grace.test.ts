import assert from 'node:assert/strict';
import { TestInstallation } from '../../servers/installation.ts';
import { dayMs, hourMs, startTimeSkipping, type TimeSkippingServer } from '../../servers/timeSkipping.ts';
import { certified, inGrace, offboard } from './leavingTenant.ts';

describe('the time in which an offboarding can be undone', function () {
  this.timeout(240_000);
  let time: TimeSkippingServer;

  before(async () => {
    time = await startTimeSkipping();
  });
  after(() => time?.stop());

  const resources = (installation: TestInstallation, tenantId: string) =>
    installation.asAdmin<{ state: string }>(null, 'select state from resources where tenant_id = $1', [tenantId]);

  describe('with clocks that may differ by months', () => {
    let installation: TestInstallation;

    before(async () => {
      installation = await TestInstallation.start(
        { TENANTRY_CLOCK_TOLERANCE_SECONDS: `${200 * 86_400}` },
        time.servers,
      );
      await installation.startWorker();
    });
    after(() => installation?.stop());

    it('lasts for all of its days: undone in the last hour nothing is lost', async () => {
      const tenant = await installation.provision({ name: 'Last hour' });
      const { runId } = await offboard(installation, tenant, 30);
      await inGrace(installation, runId);
      await time.skip(30 * dayMs - hourMs);
      assert.equal((await installation.run(runId)).held?.by, 'grace');
      await installation.cancelRun(runId);
      assert.equal((await installation.runIsOver(runId)).state, 'cancelled');
      assert.ok((await resources(installation, tenant.tenantId)).every(({ state }) => state === 'present'));
    });

    it('ends with its last day: then everything is erased, and the key destroyed', async () => {
      const tenant = await installation.provision({ name: 'Over' });
      const { runId } = await offboard(installation, tenant, 30);
      await inGrace(installation, runId);
      await time.skip(31 * dayMs);
      assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
      await time.skip(60_000);
      assert.equal((await certified(installation, tenant.tenantId)).state, 'succeeded');
    });
  });

  describe('with a clock that is wrong', () => {
    let installation: TestInstallation;

    before(async () => {
      installation = await TestInstallation.start({}, time.servers);
      await installation.startWorker();
    });
    after(() => installation?.stop());

    it('erases nothing before the registry says so too, and asks a person', async () => {
      const tenant = await installation.provision({ name: 'Too early' });
      const { runId } = await offboard(installation, tenant, 30);
      await inGrace(installation, runId);
      await time.skip(31 * dayMs);
      const run = await installation.until('the clocks to be seen', 30_000, async () => {
        const one = await installation.run(runId);
        return one.held?.by === 'clocks' ? one : null;
      });
      assert.equal(run.state, 'waiting');
      assert.ok((await resources(installation, tenant.tenantId)).every(({ state }) => state === 'present'));
      const [task] = await installation.asAdmin<{ reason_code: string }>(
        null,
        `select reason_code from tasks where run_id = $1 and state = 'open'`,
        [runId],
      );
      assert.equal(task?.reason_code, 'clocks_differ');
      await installation.cancelRun(runId);
      assert.equal((await installation.runIsOver(runId)).state, 'cancelled');
    });
  });
});
