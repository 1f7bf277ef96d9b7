import type { Arrival } from '#contracts/backups/arrivals.ts';
import type { Word } from '#lib/display/words.ts';

export const arrivalStateWords: Record<Arrival['state'], Word> = {
  asked: { title: 'Waits for a hand-over', tone: 'busy' },
  bringing: { title: 'On its way', tone: 'busy' },
  brought: { title: 'Has come', tone: 'good' },
  withdrawn: { title: 'Withdrawn', tone: 'quiet' },
  expired: { title: 'Too old', tone: 'quiet' },
};

/** What somebody pasted; null for what is no JSON object. Whether it is what it should be, the API says. */
export function pasted<T extends object>(text: string): T | null {
  try {
    const read = JSON.parse(text) as unknown;
    return typeof read === 'object' && read !== null && !Array.isArray(read) ? (read as T) : null;
  } catch {
    return null;
  }
}
