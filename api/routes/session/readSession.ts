import { DomainError } from '#contracts/errors.ts';
import { Session } from '#contracts/session.ts';
import { defineRoute } from '../../route.ts';

export const readSession = defineRoute({
  method: 'get',
  path: '/api/v1/session',
  summary: 'Who is signed in, and what they may do',
  permission: 'signed-in',
  beforeSetUp: true,
  success: { status: 200, body: Session },
  errors: [],
  async handle({ signedIn }, { viewSession }) {
    if (!signedIn) throw new DomainError('unauthenticated', 'Sign in first.');
    return viewSession(signedIn);
  },
});
