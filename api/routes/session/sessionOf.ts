import { DomainError } from '#contracts/errors.ts';
import type { SignedIn } from '#domain/people/sessions.ts';

/** For what only a person at a browser can do. Refuses with `unauthenticated`. */
export function sessionOf(signedIn: SignedIn | null): SignedIn {
  if (!signedIn) throw new DomainError('unauthenticated', 'Sign in first.');
  return signedIn;
}
