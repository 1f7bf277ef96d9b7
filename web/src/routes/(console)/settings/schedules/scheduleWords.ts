import type { OverlapPolicy, Schedule, ScheduleState } from '#contracts/schedules.ts';
import type { Word } from '#lib/display/words.ts';

export const scheduleStateWords: Record<ScheduleState, Word> = {
  active: { title: 'Active', tone: 'good' },
  paused: { title: 'Paused', tone: 'warn' },
  off: { title: 'Switched off', tone: 'quiet' },
  missing: { title: 'Not made yet', tone: 'bad' },
};

const overlapWords: Record<OverlapPolicy, string> = {
  skip: 'passes over a time when the one before is not done',
  buffer_one: 'keeps one time waiting until the one before is done',
  buffer_all: 'keeps every time waiting until the one before is done',
  cancel_other: 'cancels the one before when its time comes',
  terminate_other: 'ends the one before when its time comes',
  allow_all: 'begins at each time, whatever is under way',
};

const minute = 60;
const hour = 60 * minute;

function lengthText(seconds: number): string {
  if (seconds % hour === 0) return `${seconds / hour} h`;
  return seconds % minute === 0 ? `${seconds / minute} min` : `${seconds} s`;
}

/** When it comes: `every 30 s`, `daily at 02:17 UTC`, `never`. */
export function timesText({ times }: Pick<Schedule, 'times'>): string {
  if ('everySeconds' in times) return `every ${lengthText(times.everySeconds)}`;
  return times.at === null ? 'never' : `daily at ${times.at} UTC`;
}

/** What becomes of times that overlap or were missed. */
export const policyText = ({ overlap, catchUpSeconds }: Pick<Schedule, 'overlap' | 'catchUpSeconds'>): string =>
  `It ${overlapWords[overlap]}, and makes up for what is missed by up to ${lengthText(catchUpSeconds)}.`;
