import assert from 'node:assert/strict';
import { TestInstallation } from '../../servers/installation.ts';
import { dayMs, startTimeSkipping, type TimeSkippingServer } from '../../servers/timeSkipping.ts';
import { RenewalWorld } from './renewalWorld.ts';

describe('a renewal that nobody approves or pays', () => {
  let server: TimeSkippingServer;
  let installation: TestInstallation;
  let world: RenewalWorld;
  let tenantId: string;

  before(async () => {
    server = await startTimeSkipping();
    installation = await TestInstallation.start({}, server.servers);
    world = new RenewalWorld(installation);
    await installation.startWorker();
    ({ tenantId } = await installation.provision({ name: 'In no hurry' }));
  });
  after(async () => {
    await installation?.stop();
    await server?.stop();
  });

  it('is taken back when its quote is no longer good, and leaves the licence as it was', async () => {
    const unpaid = await world.license(tenantId);
    const unapproved = await world.license(tenantId, { rules: { renewal: { mode: 'approval' } } });
    const runs = [(await world.renew(unpaid.id)).runId, (await world.renew(unapproved.id)).runId];
    for (const runId of runs) await installation.runIs('waiting', runId);
    await server.skip(29 * dayMs);
    for (const runId of runs) await installation.runIs('waiting', runId);
    await server.skip(2 * dayMs);
    for (const runId of runs) {
      const run = await installation.runIsOver(runId);
      assert.equal(run.state, 'rolled_back');
      assert.match(run.reason ?? '', /^Nobody approved/);
    }
    assert.deepEqual(await world.see(unpaid.id), unpaid);
    assert.deepEqual(await world.see(unapproved.id), unapproved);
  });
});
