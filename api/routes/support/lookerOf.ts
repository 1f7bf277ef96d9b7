import { DomainError } from '#contracts/errors.ts';
import type { Looker } from '#domain/support/viewAccesses.ts';
import type { SignedIn } from '#domain/people/sessions.ts';
import type { Questions } from '../../mounting/admission/permitted.ts';

/** Who looks at support accesses; only people do. */
export function lookerOf(signedIn: SignedIn | null, may: Questions['may']): Looker & { sessionId: string } {
  if (!signedIn) throw new DomainError('unauthenticated', 'Sign in first.');
  return {
    personId: signedIn.userId,
    sessionId: signedIn.sessionId,
    entered: signedIn.acting?.supportAccessId ?? null,
    mayEnd: (tenantId) => may('support:access', { tenantId }),
  };
}
