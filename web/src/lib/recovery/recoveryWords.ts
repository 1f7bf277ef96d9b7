import type { BaseBackupView, Reach, Recovery } from '#contracts/recovery/recoveries.ts';
import type { Word } from '#lib/display/words.ts';

export const recoveryModeTitles: Record<Recovery['mode'], string> = {
  copy: 'a copy only',
  beside: 'beside',
  in_place: 'in place',
};

export const baseStateWords: Record<BaseBackupView['state'], Word> = {
  writing: { title: 'Being written', tone: 'busy' },
  proven: { title: 'Read again', tone: 'good' },
  failed: { title: 'Failed', tone: 'bad' },
};

/** How the whole server is protected now. */
export function reachWord({ kind, from, failing, windows }: Reach): Word {
  if (kind === 'off') return { title: 'Off', tone: 'quiet' };
  if (from === null) return { title: 'No base backup yet', tone: 'warn' };
  if (failing !== null) return { title: 'Log not handed over', tone: 'bad' };
  if (windows.at(-1)?.gap) return { title: 'Gap in the log', tone: 'bad' };
  return { title: 'Protected', tone: 'good' };
}

/** To the second, as the input of a moment takes it: this browser's time. */
export function localSecond(iso: string): string {
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

export interface Stretch {
  from: number;
  until: number;
}

/** What can be reached, joined where base backups overlap, the oldest first; an open end reaches as far as the whole does. */
export function stretchesOf({ windows, until }: Pick<Reach, 'windows' | 'until'>): Stretch[] {
  const end = until === null ? 0 : Date.parse(until);
  const stretches: Stretch[] = [];
  for (const [at, window] of windows.entries()) {
    const isOpen = window.gap === null && at === windows.length - 1;
    const one = { from: Date.parse(window.from), until: isOpen ? end : Date.parse(window.until) };
    const before = stretches.at(-1);
    // Without a gap the log of one leads on to the next.
    if (before && (one.from <= before.until || windows[at - 1]?.gap === null))
      before.until = Math.max(before.until, one.until);
    else stretches.push(one);
  }
  return stretches;
}
