import type { Client, ScheduleDescription } from '@temporalio/client';
import type { OverlapPolicy, Schedule, ScheduledKind } from '#contracts/schedules.ts';
import { scheduledKinds } from '#contracts/schedules.ts';
import type { Platform } from '#domain/platform.ts';
import { isScheduledRun, scheduledJobs, scheduleIdOf, type ScheduledJob } from './scheduledJobs.ts';
import { overlapInTemporal, unlessNotThere } from './settleSchedules.ts';

const nextShown = 5;
const patienceMs = 10_000;

type Asked = Pick<Platform, 'configuration' | 'installation'>;

/** Every schedule as Temporal has it, in the order of the table. */
export const viewSchedules = (platform: Asked, client: Client): Promise<Schedule[]> =>
  Promise.all(scheduledKinds.map((kind) => viewSchedule(platform, client, kind)));

export async function viewSchedule(platform: Asked, client: Client, kind: ScheduledKind): Promise<Schedule> {
  const id = scheduleIdOf(kind, platform.installation.id);
  const found = await client.withDeadline(Date.now() + patienceMs, () =>
    client.schedule.getHandle(id).describe().catch(unlessNotThere),
  );
  const job = scheduledJobs(platform.configuration)[kind];
  return { ...asTheTableSays(kind, job), ...(found ? asTemporalSays(found, urlOf(platform, id)) : {}) };
}

const asTheTableSays = (kind: ScheduledKind, job: ScheduledJob): Schedule => ({
  kind,
  title: job.title,
  description: job.description,
  starts: isScheduledRun(kind) ? 'run' : 'drain',
  state: 'at' in job.times && job.times.at === null ? 'off' : 'missing',
  note: null,
  times: 'at' in job.times ? { at: job.times.at && timeOfDay(job.times.at) } : job.times,
  overlap: job.overlap,
  catchUpSeconds: job.catchUpSeconds,
  nextTimes: [],
  recent: [],
  counts: { taken: 0, skipped: 0, missed: 0 },
  temporalUrl: null,
});

function asTemporalSays({ state, policies, info }: ScheduleDescription, temporalUrl: string | null): Partial<Schedule> {
  const running = new Set(info.runningActions.map(({ workflow }) => workflow.workflowId));
  return {
    state: state.paused ? 'paused' : 'active',
    note: state.paused ? (state.note ?? null) : null,
    overlap: overlapOf(policies.overlap),
    catchUpSeconds: Math.round(policies.catchupWindow / 1000),
    nextTimes: state.paused ? [] : info.nextActionTimes.slice(0, nextShown).map((time) => time.toISOString()),
    recent: info.recentActions.toReversed().map(({ scheduledAt, takenAt, action: { workflow } }) => ({
      scheduledAt: scheduledAt.toISOString(),
      startedAt: takenAt.toISOString(),
      workflowId: workflow.workflowId,
      isRunning: running.has(workflow.workflowId),
    })),
    counts: {
      taken: info.numActionsTaken,
      skipped: info.numActionsSkippedOverlap,
      missed: info.numActionsMissedCatchupWindow,
    },
    temporalUrl,
  };
}

/** Somebody may have changed it in Temporal. */
const overlapOf = (policy: string | undefined): OverlapPolicy =>
  (Object.keys(overlapInTemporal) as OverlapPolicy[]).find((name) => overlapInTemporal[name] === policy) ?? 'skip';

const timeOfDay = ({ hour, minute }: { hour: number; minute: number }): string =>
  `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;

function urlOf({ configuration: { temporal } }: Asked, id: string): string | null {
  if (temporal.uiUrl === null) return null;
  return `${temporal.uiUrl}/namespaces/${encodeURIComponent(temporal.namespace)}/schedules/${encodeURIComponent(id)}`;
}
