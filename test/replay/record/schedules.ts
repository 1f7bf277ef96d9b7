import { scheduleIdOf } from '#temporal/schedules/scheduledJobs.ts';
import type { Recorder } from '../recorder.ts';

/** What schedules start: a run's beginning, and a drain. */
export async function schedules({ installation, recordWorkflow }: Recorder): Promise<void> {
  const { client } = installation.temporal;
  const triggered = async (kind: 'sweepOrphans' | 'cullLicenseUses'): Promise<string> => {
    const handle = client.schedule.getHandle(scheduleIdOf(kind, installation.platform.installation.id));
    await installation.until('the worker to make its schedules', 20_000, () => handle.describe().catch(() => null));
    await handle.trigger();
    return installation.until('it to be started', 20_000, async () => {
      const { info } = await handle.describe();
      return info.recentActions.at(-1)?.action.workflow.workflowId;
    });
  };
  await recordWorkflow('startScheduledRun.succeeds', await triggered('sweepOrphans'));
  await recordWorkflow('drainDue.succeeds', await triggered('cullLicenseUses'));
}
