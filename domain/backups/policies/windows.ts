import { createHash } from 'node:crypto';
import type { BackupRules } from '#contracts/backups/policies.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

type Rhythm = Pick<BackupRules, 'everyHours' | 'at'>;

/** When the first window opens that opens after `time`. A rhythm divides the day, so windows are at the same times of every day. */
export function nextWindow({ everyHours, at }: Rhythm, time: Date): Date {
  const [hour = 0, minute = 0] = at.split(':').map(Number);
  const everyMs = everyHours * hourMs;
  const offsetMs = (hour * hourMs + minute * minuteMs) % everyMs;
  return new Date((Math.floor((time.getTime() - offsetMs) / everyMs) + 1) * everyMs + offsetMs);
}

/** How many windows opened from `from` to `to`, both of which count. */
export function windowsBetween(rhythm: Rhythm, from: Date, to: Date): number {
  const everyMs = rhythm.everyHours * hourMs;
  const first = nextWindow(rhythm, new Date(from.getTime() - 1)).getTime();
  return first > to.getTime() ? 0 : Math.floor((to.getTime() - first) / everyMs) + 1;
}

/** A tenant's place within each window, by its id alone: always the same, so that its backups are as far apart as the windows. */
export function slotSeconds(tenantId: string, windowSeconds: number): number {
  if (windowSeconds === 0) return 0;
  return createHash('sha256').update(`backup slot ${tenantId}`).digest().readUInt32BE(0) % windowSeconds;
}
