import { DomainError } from '#contracts/errors.ts';
import { findSignInStep, type SignInStep } from '#domain/people/signInSteps.ts';
import type { RequestContext } from '../../route.ts';

/** The sign-in that this browser has begun. Refuses with `sign_in_expired`. */
export async function openedStep({ em, realm, browser }: Pick<RequestContext, 'em' | 'realm' | 'browser'>): Promise<{
  token: string;
  step: SignInStep;
}> {
  const token = browser.step;
  const step = token === null ? null : await findSignInStep(em, realm, token);
  if (token === null || step === null) throw expired();
  return { token, step };
}

export const expired = (): DomainError =>
  new DomainError('sign_in_expired', 'This sign-in took too long, or was answered wrongly too often. Begin again.');
