import type { SupportAccess, SupportState } from '#contracts/support/supportAccess.ts';
import type { Word } from '#lib/display/words.ts';

export const supportStateWords: Record<SupportState, Word> = {
  asked: { title: 'Waits for consent', tone: 'busy' },
  running: { title: 'Let in', tone: 'warn' },
  refused: { title: 'Refused', tone: 'quiet' },
  expired: { title: 'Not answered', tone: 'quiet' },
  ended: { title: 'Over', tone: 'quiet' },
};

export const supportEndingWords: Record<NonNullable<SupportAccess['endedBy']>, string> = {
  time: 'its time was over',
  person: 'ended by who was let in',
  platform: 'ended by the platform',
  tenant: 'ended by the tenant',
  tenant_closed: "the tenant's doors closed",
};
