import { revokeSessions } from '#domain/people/sessions.ts';
import { defineRoute } from '../../route.ts';
import { sessionOf } from './sessionOf.ts';

export const revokeOtherSessions = defineRoute({
  method: 'delete',
  path: '/api/v1/sessions',
  summary: 'Sign out everywhere else',
  permission: 'signed-in',
  beforeSetUp: true,
  success: { status: 204 },
  errors: [],
  async handle({ signedIn, actor }, { em, sessions }) {
    const { userId, sessionId } = sessionOf(signedIn);
    await em.transactional((tx) => revokeSessions(tx, { userId, except: sessionId, reason: 'revoked' }, actor));
    await sessions.changed();
  },
});
