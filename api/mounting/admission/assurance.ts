import { DomainError } from '#contracts/errors.ts';
import type { SignedIn } from '#domain/people/sessions.ts';
import type { AnyRoute } from '../../route.ts';

/** So long is a proof of who one is good for what is dangerous (ASVS 5.0 7.5.3). */
export const provenSeconds = 600;

/** Refuses with `second_factor_required` who has to set one up first, and with `step_up_required` whose proof is too old. */
export function refuseUnproven({ permission, stepUp, beforeSetUp }: AnyRoute, signedIn: SignedIn | null): void {
  if (!signedIn || permission === 'public') return;
  if (signedIn.mustSetUp !== null && !beforeSetUp)
    throw new DomainError('second_factor_required', 'Your role asks for a second factor. Set one up first.');
  if (stepUp && Date.now() - signedIn.authenticatedAt.getTime() > provenSeconds * 1000)
    throw new DomainError('step_up_required', 'Confirm that it is you.');
}
