import { createHash } from 'node:crypto';
import { ScheduleOverlapPolicy, type Client, type ScheduleOptions, type ScheduleSpec } from '@temporalio/client';
import type { OverlapPolicy, ScheduledKind } from '#contracts/schedules.ts';
import { scheduledKinds } from '#contracts/schedules.ts';
import type { Configuration } from '#domain/configuration.ts';
import type { Platform } from '#domain/platform.ts';
import { reportSchedule } from '#observability/schedules/scheduleMetrics.ts';
import { scheduledJobs, scheduleIdOf, startedBy, type ScheduledJob } from './scheduledJobs.ts';

export const overlapInTemporal: Record<OverlapPolicy, ScheduleOverlapPolicy> = {
  skip: ScheduleOverlapPolicy.SKIP,
  buffer_one: ScheduleOverlapPolicy.BUFFER_ONE,
  buffer_all: ScheduleOverlapPolicy.BUFFER_ALL,
  cancel_other: ScheduleOverlapPolicy.CANCEL_OTHER,
  terminate_other: ScheduleOverlapPolicy.TERMINATE_OTHER,
  allow_all: ScheduleOverlapPolicy.ALLOW_ALL,
};

type Definition = Required<Pick<ScheduleOptions, 'spec' | 'policies' | 'action'>>;

/**
 * Brings Temporal's schedules to what the table of jobs says; every worker does, at its start and again every few minutes, so that they
 * come back after a cluster lost them. One that is as it should be is left alone, and one that was paused, here or in Temporal's pages,
 * stays so.
 */
export async function settleSchedules({ platform, client }: { platform: Platform; client: Client }): Promise<void> {
  const jobs = scheduledJobs(platform.configuration);
  for (const kind of scheduledKinds) await settle(kind, jobs[kind], { platform, client });
}

async function settle(
  kind: ScheduledKind,
  job: ScheduledJob,
  { platform, client }: { platform: Platform; client: Client },
): Promise<void> {
  const scheduleId = scheduleIdOf(kind, platform.installation.id);
  const handle = client.schedule.getHandle(scheduleId);
  const spec = specOf(job);
  if (!spec) {
    await handle.delete().catch(unlessNotThere);
    return;
  }
  const definition = define(kind, spec, job, platform.configuration);
  const hash = createHash('sha256').update(JSON.stringify(definition)).digest('hex');
  // A schedule's own memo is written once; that of what it starts changes with it.
  const action = { ...definition.action, memo: { definition: hash } };
  const found = await handle.describe().catch(unlessNotThere);
  if (!found) await client.schedule.create({ ...definition, scheduleId, action }).catch(unlessThere);
  else if (found.action.memo?.['definition'] !== hash)
    await handle.update(({ state: { paused, note } }) => ({
      ...definition,
      action,
      state: { paused, ...(note ? { note } : {}) },
    }));
  reportSchedule(kind, {
    isPaused: found?.state.paused ?? false,
    missed: found?.info.numActionsMissedCatchupWindow ?? 0,
  });
}

/** Null for never. */
function specOf({ times }: ScheduledJob): ScheduleSpec | null {
  if ('everySeconds' in times) return { intervals: [{ every: times.everySeconds * 1000 }] };
  return times.at && { calendars: [{ ...times.at, comment: 'UTC' }] };
}

const define = (
  kind: ScheduledKind,
  spec: ScheduleSpec,
  { overlap, catchUpSeconds }: ScheduledJob,
  { taskQueue }: Configuration,
): Definition => {
  const started = startedBy(kind);
  return {
    spec,
    policies: { overlap: overlapInTemporal[overlap], catchupWindow: catchUpSeconds * 1000 },
    action: {
      type: 'startWorkflow',
      ...started,
      args: [...started.args],
      workflowId: `${started.workflowType}/platform/${kind}`,
      taskQueue,
      workflowTaskTimeout: '3s',
    },
  };
};

export function unlessNotThere(error: unknown): null {
  if ((error as Error).name === 'ScheduleNotFoundError') return null;
  throw error;
}

/** Another worker was faster; it reads the same table. */
function unlessThere(error: unknown): void {
  if ((error as Error).name !== 'ScheduleAlreadyRunning') throw error;
}
