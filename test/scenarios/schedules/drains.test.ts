import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import type { DrainKind } from '#contracts/workflowInputs.ts';
import { scheduleIdOf } from '#temporal/schedules/scheduledJobs.ts';
import { LicensingWorld } from '../../api/licenses/licensingWorld.ts';

const dead = 2_500;

describe('a drain', () => {
  let world: LicensingWorld;
  before(async () => {
    world = await LicensingWorld.start();
  });
  after(() => world.stop());

  const left = async (): Promise<number> => {
    const [counted] = await world.api.installation.asAdmin<{ count: number }>(
      null,
      'select count(*)::int as count from license_uses',
    );
    return counted!.count;
  };
  /** So many machines that fell silent, of each of which it takes two milliseconds to be taken away. */
  async function plant(): Promise<void> {
    const { id, tenantId } = await world.licensed();
    await world.api.installation.asAdmin(
      null,
      `insert into license_uses (id, license_id, tenant_id, product, kind, holder, unique_in, heartbeat_seconds, checked_out_at,
                                 heartbeat_at, dies_at)
       select gen_random_uuid(), $1, $2, 'suite', 'machine', decode(md5(i::text), 'hex'), 'license', 10, now(), now(), now()
       from generate_series(1, ${dead}) i`,
      [id, tenantId],
    );
    await world.api.installation.asAdmin(
      null,
      `create function take_time() returns trigger language plpgsql as 'begin perform pg_sleep(0.002); return old; end';
       create trigger slowly before delete on license_uses for each row execute function take_time()`,
    );
  }

  it('works off what is due in batches, and is gone on with by another worker when its own is killed', async () => {
    const { installation } = world.api;
    await plant();
    const worker = await installation.startWorkerProcess();
    const schedule = installation.temporal.client.schedule.getHandle(
      scheduleIdOf('cullLicenseUses', installation.platform.installation.id),
    );
    await installation.until('the schedule to be triggered', 30_000, () =>
      schedule.trigger(ScheduleOverlapPolicy.SKIP).then(
        () => true,
        () => false,
      ),
    );
    await installation.until('the first batch to be gone', 40_000, async () => (await left()) < dead);
    await worker.kill();
    const remaining = await left();
    assert.ok(remaining > 0 && remaining % 500 === 0, `${remaining} are left: whole batches went`);
    const { info } = await schedule.describe();
    const [running] = info.runningActions;
    assert.ok(running, 'it is under way as far as Temporal knows');
    await installation.startWorkerProcess();
    const handle = installation.temporal.client.workflow.getHandle(running.workflow.workflowId);
    const done = (await handle.result()) as number;
    assert.equal(await left(), 0);
    // A batch that was committed and not reported is counted by nobody.
    assert.ok([dead, remaining].includes(done), `${done} were counted`);
  });

  it('that reads whole backups has as long as they are big, any other is given up after minutes', async () => {
    const { installation } = world.api;
    await installation.startWorkerProcess();
    const { client } = installation.temporal;
    const taskQueue = installation.configuration.taskQueue;
    const givenUpAfter = async (kind: DrainKind): Promise<number> => {
      const workflowId = `drainDue/platform/${kind}/${randomUUID()}`;
      const handle = await client.workflow.start('drainDue', { taskQueue, workflowId, args: [kind] });
      await handle.result();
      const { events = [] } = await handle.fetchHistory();
      const [asked] = events!.flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);
      return Number(asked?.startToCloseTimeout?.seconds);
    };
    assert.deepEqual([await givenUpAfter('rereadBackups'), await givenUpAfter('cullLicenseUses')], [12 * 3_600, 300]);
  });
}).timeout(90_000);
