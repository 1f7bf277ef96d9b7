import { OwnSessions } from '#contracts/identity/signIn.ts';
import { listOwnSessions } from '#domain/people/sessions.ts';
import { defineRoute } from '../../route.ts';
import { sessionOf } from './sessionOf.ts';

export const listSessions = defineRoute({
  method: 'get',
  path: '/api/v1/sessions',
  summary: 'Where one is signed in',
  permission: 'signed-in',
  beforeSetUp: true,
  success: { status: 200, body: OwnSessions },
  errors: [],
  async handle({ signedIn }, { em, platform }) {
    const { userId, sessionId } = sessionOf(signedIn);
    const { idleSeconds } = platform.configuration.sessions;
    return { items: await listOwnSessions(em, userId, sessionId, idleSeconds) };
  },
});
