import { z } from 'zod';
import { drainKinds, scheduledRunKinds } from './workflowInputs.ts';

/** Everything that comes by the clock. */
export const scheduledKinds = [...scheduledRunKinds, ...drainKinds] as const;
export type ScheduledKind = (typeof scheduledKinds)[number];

/** What becomes of a time that comes while the one before is still being worked on. */
export const overlapPolicies = [
  'skip',
  'buffer_one',
  'buffer_all',
  'cancel_other',
  'terminate_other',
  'allow_all',
] as const;
export type OverlapPolicy = (typeof overlapPolicies)[number];

/**
 * `off`: the configuration wants none. `missing`: no worker has made it yet, or somebody deleted it in Temporal; workers make it within
 * minutes.
 */
export const scheduleStates = ['active', 'paused', 'off', 'missing'] as const;
export type ScheduleState = (typeof scheduleStates)[number];

const Started = z.object({
  scheduledAt: z.iso.datetime().describe('The time that it was for'),
  startedAt: z.iso.datetime(),
  workflowId: z.string(),
  isRunning: z.boolean(),
});

export const Schedule = z.object({
  kind: z.enum(scheduledKinds),
  title: z.string(),
  description: z.string(),
  starts: z.enum(['run', 'drain']).describe('run: each time is a run of its own; drain: what is due is worked off'),
  state: z.enum(scheduleStates),
  note: z.string().nullable().describe('Why it is paused, as it was written here or in Temporal'),
  times: z.union([
    z.object({ everySeconds: z.number().int() }),
    z.object({ at: z.string().nullable().describe('HH:MM of each day, in UTC; null: never') }),
  ]),
  overlap: z.enum(overlapPolicies),
  catchUpSeconds: z.number().int().describe('How late a time that was missed may still be made up for'),
  nextTimes: z.array(z.iso.datetime()).describe('When it would come next, soonest first; none while it is paused'),
  recent: z.array(Started).describe('What it started last, newest first'),
  counts: z
    .object({
      taken: z.number().int(),
      skipped: z.number().int().describe('Times that were passed over because the one before was not done'),
      missed: z.number().int().describe('Times that were later than can be made up for'),
    })
    .describe('Since it was made'),
  temporalUrl: z.string().nullable(),
});
export type Schedule = z.infer<typeof Schedule>;

export const ScheduleList = z.object({ items: z.array(Schedule) });

export const SchedulePause = z.strictObject({
  reason: z.string().trim().min(1).max(200).describe('Shown to everyone who may see it, in Temporal too'),
});

/** How many times a range that is made up for may hold. */
export const mostBackfilled = 200;

export const ScheduleBackfill = z
  .strictObject({
    from: z.iso.datetime('must be a time in UTC like 2027-02-28T12:00:00Z'),
    to: z.iso.datetime('must be a time in UTC like 2027-02-28T12:00:00Z'),
  })
  .refine(({ from, to }) => Date.parse(from) < Date.parse(to), { path: ['to'], message: 'must be after from' })
  .describe('The times of the schedule between them, each as if it came now, one after the other');
export type ScheduleBackfill = z.infer<typeof ScheduleBackfill>;

export const ScheduleBackfilled = z.object({ times: z.number().int().describe('How many times were in the range') });
