import assert from 'node:assert/strict';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { openCheck } from '#domain/drift/check.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { scheduleIdOf } from '#temporal/schedules/scheduledJobs.ts';
import { settleSchedules } from '#temporal/schedules/settleSchedules.ts';
import { TestInstallation } from '../../servers/installation.ts';

describe('the nightly schedules', () => {
  let installation: TestInstallation;
  before(async () => {
    installation = await TestInstallation.start();
    await installation.startWorker();
    await installation.until('the worker to settle its schedules', 20_000, () =>
      handle()
        .describe()
        .catch(() => null),
    );
  });
  after(() => installation.stop());

  const handle = () =>
    installation.temporal.client.schedule.getHandle(scheduleIdOf('checkDrift', installation.platform.installation.id));
  const settle = (change: Partial<TestInstallation['configuration']> = {}) => {
    const { platform, temporal, configuration } = installation;
    return settleSchedules({
      platform: { ...platform, configuration: { ...configuration, ...change } },
      client: temporal.client,
    });
  };
  const checks = () =>
    installation.asAdmin<{ id: string; state: string }>(null, `select id, state from runs where kind = 'checkDrift'`);

  it('skip what overlaps and make up for what an outage made them miss', async () => {
    const { policies, spec } = await handle().describe();
    assert.equal(policies.overlap, ScheduleOverlapPolicy.SKIP);
    assert.equal(policies.catchupWindow, 12 * 60 * 60 * 1000);
    assert.deepEqual(spec.calendars?.[0]?.hour, [{ start: 2, end: 2, step: 1 }]);
  });

  it('are left alone by a worker that finds them as they should be', async () => {
    const { info, state } = await handle().describe();
    await settle();
    assert.deepEqual((await handle().describe()).info.lastUpdatedAt, info.lastUpdatedAt);
    assert.equal(state.paused, false);
  });

  it('follow the configuration, and stay paused when a person paused them in Temporal', async () => {
    await handle().pause('not this week');
    await settle({ driftCheckAt: { hour: 5, minute: 30 } });
    const { spec, state } = await handle().describe();
    assert.deepEqual(spec.calendars?.[0]?.hour, [{ start: 5, end: 5, step: 1 }]);
    assert.equal(state.paused, true);
    assert.equal(state.note, 'not this week');
    await handle().unpause();
    await settle();
  });

  it('go when the configuration wants none, and come back', async () => {
    await settle({ driftCheckAt: null });
    await assert.rejects(handle().describe(), { name: 'ScheduleNotFoundError' });
    await settle();
    assert.equal((await handle().describe()).action.taskQueue, installation.configuration.taskQueue);
  });

  it('write the run into the ledger before its workflow starts', async () => {
    await handle().trigger();
    const [run] = await installation.until('the run', 20_000, async () => {
      const found = await checks();
      return found.length > 0 && found;
    });
    assert.equal((await installation.runIsOver(run!.id)).state, 'succeeded');
  });

  it('starts no second run while one of its kind is under way', async () => {
    const before = await checks();
    const runId = await installation.em.transactional((em) => openCheck(em, null, theSystem));
    await handle().trigger();
    await installation.until('the trigger to have been heard', 20_000, async () => {
      const { info } = await handle().describe();
      const started = info.recentActions.at(-1)?.action.workflow.workflowId;
      if (info.recentActions.length < 1 || !started) return false;
      const { status } = await installation.temporal.client.workflow.getHandle(started).describe();
      return status.name === 'COMPLETED';
    });
    assert.equal((await checks()).length, before.length + 1);
    await installation.runIsOver(runId);
  });
});
