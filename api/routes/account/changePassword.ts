import { PasswordChange } from '#contracts/identity/account.ts';
import { Session } from '#contracts/session.ts';
import { changePassword as change } from '#domain/people/changePassword.ts';
import { defineRoute } from '../../route.ts';
import { sessionOf } from '../session/sessionOf.ts';

export const changePassword = defineRoute({
  method: 'post',
  path: '/api/v1/account/password',
  summary: 'Change the password, by the old one; all other sessions end',
  permission: 'signed-in',
  beforeSetUp: true,
  body: PasswordChange,
  success: { status: 200, body: Session },
  errors: ['password_wrong', 'password_weak', 'too_many_attempts'],
  async handle({ body, signedIn, actor }, { em, realm, attempts, renewSession, viewSession }) {
    const { userId, sessionId } = sessionOf(signedIn);
    const attempt = await attempts.begin([['session', sessionId]], actor);
    await change(em, realm, { userId, sessionId, ...body }, actor);
    await attempt.succeeded();
    return viewSession(await renewSession());
  },
});
