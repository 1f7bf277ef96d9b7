import type { Member } from '#contracts/portal/members.ts';
import type { Word } from '#lib/display/words.ts';

/** How far somebody is, as a list says it. */
export function memberWord({ state, invitation }: Pick<Member, 'state' | 'invitation'>): Word {
  if (state === 'disabled') return { title: 'Disabled', tone: 'quiet' };
  if (state === 'active') return { title: 'Active', tone: 'good' };
  return invitation?.hasExpired ? { title: 'Invitation expired', tone: 'warn' } : { title: 'Invited', tone: 'busy' };
}

export const calledAs = ({ name, email }: Pick<Member, 'name' | 'email'>): string => name ?? email;
