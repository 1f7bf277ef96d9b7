import { ScheduleOverlapPolicy, type Client, type ScheduleHandle } from '@temporalio/client';
import { DomainError } from '#contracts/errors.ts';
import { mostBackfilled, type ScheduleBackfill, type ScheduledKind } from '#contracts/schedules.ts';
import type { Sql } from '#domain/database.ts';
import type { Actor } from '#domain/events/appendEvent.ts';
import type { Platform } from '#domain/platform.ts';
import { noteSchedule } from '#domain/schedules/noteSchedule.ts';
import { scheduledJobs, scheduleIdOf, type ScheduledJob } from './scheduledJobs.ts';
import { overlapInTemporal } from './settleSchedules.ts';

const patienceMs = 3_000;
const dayMs = 86_400_000;

/** Where a schedule is kept and who changes it. */
export interface ScheduleChange {
  platform: Platform;
  client: Client;
  actor: Actor;
}

/** Nothing comes any more until it is resumed; what is under way goes on. Refuses with `schedule_off`. */
export const pauseSchedule = (em: Sql, kind: ScheduledKind, reason: string, change: ScheduleChange): Promise<void> =>
  carryOut(em, kind, 'schedule.paused', {}, change, (handle) => handle.pause(reason));

/** It comes again from its next time on. Refuses with `schedule_off`. */
export const resumeSchedule = (em: Sql, kind: ScheduledKind, change: ScheduleChange): Promise<void> =>
  carryOut(em, kind, 'schedule.resumed', {}, change, (handle) => handle.unpause('Resumed'));

/** Once, now, also while it is paused; passed over when it is under way already. Refuses with `schedule_off`. */
export function triggerSchedule(em: Sql, kind: ScheduledKind, change: ScheduleChange): Promise<void> {
  const { overlap } = scheduledJobs(change.platform.configuration)[kind];
  return carryOut(em, kind, 'schedule.triggered', {}, change, (handle) => handle.trigger(overlapInTemporal[overlap]));
}

/**
 * Makes up for the times of a range, one after the other. Refuses with `schedule_off`, and with `invalid_request` a range of none or of
 * too many times.
 *
 * @returns how many times are in the range
 */
export async function backfillSchedule(
  em: Sql,
  kind: ScheduledKind,
  { from, to }: ScheduleBackfill,
  change: ScheduleChange,
): Promise<number> {
  const [start, end] = [new Date(from), new Date(to)];
  const times = timesBetween(scheduledJobs(change.platform.configuration)[kind], start, end);
  if (times === 0) throw refusal('holds no time of this schedule');
  if (times > mostBackfilled)
    throw refusal(`holds ${times} times of this schedule; at most ${mostBackfilled} are made up for at once`);
  await carryOut(em, kind, 'schedule.backfilled', { from, to, times }, change, (handle) =>
    handle.backfill({ start, end, overlap: ScheduleOverlapPolicy.BUFFER_ALL }),
  );
  return times;
}

const refusal = (message: string): DomainError =>
  new DomainError('invalid_request', 'Some of what was sent is not valid.', { fields: [{ path: 'from', message }] });

/** How many times of the job there are from `start` to `end`, both of which count. */
export function timesBetween({ times }: Pick<ScheduledJob, 'times'>, start: Date, end: Date): number {
  if ('at' in times && times.at === null) return 0;
  const [everyMs, offsetMs] =
    'everySeconds' in times
      ? [times.everySeconds * 1000, 0]
      : [dayMs, ((times.at?.hour ?? 0) * 60 + (times.at?.minute ?? 0)) * 60_000];
  const upTo = (time: number): number => Math.floor((time - offsetMs) / everyMs);
  return upTo(end.getTime()) - upTo(start.getTime() - 1);
}

/** What Temporal does not take leaves no event: it is asked before the event is committed. */
async function carryOut(
  em: Sql,
  kind: ScheduledKind,
  type: `schedule.${string}`,
  data: Record<string, unknown>,
  { platform, client, actor }: ScheduleChange,
  act: (handle: ScheduleHandle) => Promise<void>,
): Promise<void> {
  const handle = client.schedule.getHandle(scheduleIdOf(kind, platform.installation.id));
  await em.transactional(async (tx) => {
    await noteSchedule(tx, kind, { type, data }, actor);
    await client
      .withDeadline(Date.now() + patienceMs, () => act(handle))
      .catch((error: unknown) => {
        if ((error as Error).name !== 'ScheduleNotFoundError') throw error;
        throw new DomainError(
          'schedule_off',
          'This schedule is not there: it is switched off, or no worker has made it yet.',
          {
            cause: error,
          },
        );
      });
  });
}
