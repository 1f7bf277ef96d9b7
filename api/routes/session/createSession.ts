import { DomainError } from '#contracts/errors.ts';
import { Credentials } from '#contracts/identity/signIn.ts';
import { Session } from '#contracts/session.ts';
import { defineRoute } from '../../route.ts';
import { viewSession } from './viewSession.ts';

export const createSession = defineRoute({
  method: 'post',
  path: '/api/v1/session',
  summary: 'Sign in',
  permission: 'public',
  body: Credentials,
  success: { status: 201, body: Session },
  errors: ['bad_credentials', 'too_many_attempts'],
  async handle({ body }, { checkPassword, signIn, access }) {
    const userId = await checkPassword(body);
    if (userId === null) throw new DomainError('bad_credentials', 'The e-mail address or the password is not right.');
    return viewSession(await signIn(userId), await access.knowing(userId));
  },
});
