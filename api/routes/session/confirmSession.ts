import { DomainError } from '#contracts/errors.ts';
import { Confirmation } from '#contracts/identity/signIn.ts';
import { Session } from '#contracts/session.ts';
import { confirmIdentity } from '#domain/people/factors/answerFactor.ts';
import { tellOfUser } from '#domain/people/userEvents.ts';
import { defineRoute } from '../../route.ts';
import { sessionOf } from './sessionOf.ts';

export const confirmSession = defineRoute({
  method: 'post',
  path: '/api/v1/session/confirm',
  summary: 'Prove again who one is, for what asks for it',
  permission: 'signed-in',
  beforeSetUp: true,
  body: Confirmation,
  success: { status: 200, body: Session },
  errors: ['not_confirmed', 'code_wrong', 'passkey_refused', 'too_many_attempts'],
  async handle({ body, signedIn, actor }, { em, realm, attempts, relyingParty: party, renewSession, viewSession }) {
    const { userId, email, sessionId } = sessionOf(signedIn);
    const attempt = await attempts.begin([['session', sessionId]], actor);
    const asked = { userId, email, actor };
    const factor = await confirmIdentity(em, realm, asked, body, { party, boundTo: Buffer.from(sessionId) });
    if (factor === null) throw new DomainError('not_confirmed', 'The password or the code is not right.');
    await attempt.succeeded();
    await em.transactional((tx) => tellOfUser(tx, userId, 'session.confirmed', { sessionId, factor }, actor));
    return viewSession(await renewSession());
  },
});
