import type { Actor } from '#domain/events/appendEvent.ts';
import type { Realm } from '#domain/people/realm.ts';
import type { AttemptLimits } from '../signIn/attemptLimits.ts';

/**
 * Counts a mail that a member makes the portal send: per tenant, and per address within it, in the registry and so for all processes
 * together. Refuses with `too_many_attempts`: nobody's portal becomes somebody else's mail gun.
 */
export async function countMemberMail(
  attempts: AttemptLimits,
  realm: Realm,
  email: string,
  actor: Actor,
): Promise<void> {
  await attempts.begin(
    [
      ['invitee', realm.accountOf(email)],
      ['tenantMails', `${realm.tenantId}`],
    ],
    actor,
  );
}
