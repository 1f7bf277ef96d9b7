import { revokeSession as revoke } from '#domain/people/sessions.ts';
import { defineRoute, SessionParams } from '../../route.ts';
import { sessionOf } from './sessionOf.ts';

export const revokeSession = defineRoute({
  method: 'delete',
  path: '/api/v1/sessions/{sessionId}',
  summary: 'Sign out elsewhere',
  permission: 'signed-in',
  beforeSetUp: true,
  params: SessionParams,
  success: { status: 204 },
  errors: ['not_found'],
  async handle({ params, signedIn, actor }, { em, sessions, signOut }) {
    const { userId, sessionId } = sessionOf(signedIn);
    if (params.sessionId === sessionId) return signOut();
    await em.transactional((tx) => revoke(tx, userId, params.sessionId, actor));
    await sessions.changed();
  },
});
