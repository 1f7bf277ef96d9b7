import type { OwnershipChange } from '#contracts/life/ownership.ts';
import type { Word } from '#lib/display/words.ts';

export const ownershipWords: Record<OwnershipChange['state'], Word> = {
  asked: { title: 'Asked', tone: 'busy' },
  agreed: { title: 'Agreed', tone: 'busy' },
  done: { title: 'Handed over', tone: 'good' },
  declined: { title: 'Declined', tone: 'quiet' },
  expired: { title: 'Not answered in time', tone: 'quiet' },
  withdrawn: { title: 'Taken back', tone: 'quiet' },
};

export const isUnderWay = ({ state }: Pick<OwnershipChange, 'state'>): boolean =>
  state === 'asked' || state === 'agreed';

/** As whom somebody still has to answer; null where nothing is asked of them, or they have answered. */
export function askedOf(
  change: Pick<OwnershipChange, 'state' | 'to' | 'from' | 'needsConfirmation' | 'consentedAt' | 'confirmedAt'>,
  email: string | null,
): 'new_owner' | 'old_owner' | null {
  if (email === null || !isUnderWay(change)) return null;
  if (change.to?.email === email && change.consentedAt === null) return 'new_owner';
  if (change.from?.email === email && change.needsConfirmation && change.confirmedAt === null) return 'old_owner';
  return null;
}
