import type { Backup, BackupDay, Protection } from '#contracts/backups/backups.ts';
import type { Word } from '#lib/display/words.ts';

export const protectionWords: Record<Protection, Word> = {
  protected: { title: 'Protected', tone: 'good' },
  waiting: { title: 'Waits for its first', tone: 'busy' },
  failing: { title: 'Failing', tone: 'bad' },
  stale: { title: 'Stale', tone: 'bad' },
  never: { title: 'Never backed up', tone: 'bad' },
  paused: { title: 'Paused', tone: 'warn' },
  off: { title: 'Off', tone: 'quiet' },
};

export const protectionTexts: Record<Protection, string> = {
  protected: 'Its newest backup is as young as its plan promises.',
  waiting: 'Its first backup is made within the time that its plan promises.',
  failing: 'The last attempt to back it up did not succeed.',
  stale: 'Its newest backup is older than its plan promises.',
  never: 'It has no backup, and the time for its first one is over.',
  paused: 'Somebody paused its backups.',
  off: 'Its plan wants no backups by the clock.',
};

export function backupWord({ state, verified, provenAt }: Backup): Word {
  if (state === 'writing') return { title: 'Being written', tone: 'busy' };
  if (state === 'removing') return { title: 'To be removed', tone: 'quiet' };
  if (state !== 'kept') return { title: 'Removed', tone: 'quiet' };
  if (verified?.as === 'bad') return { title: 'Broken', tone: 'bad' };
  return provenAt ? { title: 'Restored and proven', tone: 'good' } : { title: 'Kept', tone: 'good' };
}

export const causeTitles: Record<Backup['cause'], string> = {
  schedule: 'by the clock',
  asked: 'asked for',
  before_restore: 'before a restore',
  point_in_time: 'of a chosen moment',
};

export const stayTitles: Record<Backup['stays'][number], string> = {
  newest: 'the newest good one',
  proven: 'restored last',
  last: 'among the last',
  days: 'young',
  daily: 'of its day',
  weekly: 'of its week',
  monthly: 'of its month',
  yearly: 'of its year',
  locked: 'locked',
  way_back: 'way back of a restore',
  in_use: 'read right now',
  held: 'legal hold',
};

export const removalTitles: Record<string, string> = {
  retention: 'Its plan keeps it no longer',
  erasure: 'The tenant is erased',
};

export type DayTone = 'proven' | 'good' | 'gone' | 'bad' | 'none';

export function dayTone({ kept, removed, failed, proven }: BackupDay): DayTone {
  if (proven && kept > 0) return 'proven';
  if (kept > 0) return 'good';
  if (failed > 0 && removed === 0) return 'bad';
  return removed > 0 ? 'gone' : 'none';
}

const counted = (count: number, what: string): string | null => (count > 0 ? `${count} ${what}` : null);

/** What a day of the calendar tells: `2026-11-22: 1 kept, 2 failed`. */
export function dayText({ day, kept, removed, failed, proven }: BackupDay): string {
  const parts = [
    counted(kept, 'kept'),
    counted(removed, 'not kept any more'),
    counted(failed, 'failed'),
    proven ? 'restored and proven' : null,
  ].filter((part) => part !== null);
  return `${day}: ${parts.length > 0 ? parts.join(', ') : 'none'}`;
}

/** So many minutes, for people: `28 h`, `90 min`, `7 d`. */
export function minutesText(minutes: number): string {
  if (minutes % 1_440 === 0) return `${minutes / 1_440} d`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}
