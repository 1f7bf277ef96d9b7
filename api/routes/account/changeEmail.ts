import { EmailChange, EmailChangeStarted } from '#contracts/identity/account.ts';
import { startMailChange } from '#domain/people/account.ts';
import { defineRoute } from '../../route.ts';
import { sessionOf } from '../session/sessionOf.ts';

export const changeEmail = defineRoute({
  method: 'post',
  path: '/api/v1/account/email',
  summary: 'Ask for another e-mail address; it counts once it is confirmed by the link that goes there',
  permission: 'signed-in',
  beforeSetUp: true,
  stepUp: true,
  rate: { perSecond: 0.1, burst: 10 },
  body: EmailChange,
  success: { status: 202, body: EmailChangeStarted },
  errors: ['too_many_attempts'],
  async handle({ body, signedIn, actor }, { em, realm, attempts }) {
    const user = sessionOf(signedIn);
    // Counted apart from resets: who is bombed by one can still ask for the other.
    await attempts.begin([['mailsSent', `mail change ${realm.accountOf(body.email)}`]], actor);
    return em.transactional((tx) => startMailChange(tx, realm, user, body.email, actor));
  },
});
