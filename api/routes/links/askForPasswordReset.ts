import { z } from 'zod';
import { PasswordResetRequest } from '#contracts/identity/links.ts';
import { askForPasswordReset as ask } from '#domain/people/passwordResets.ts';
import { defineRoute } from '../../route.ts';

/** Says and does the same for every address: whether anybody has it is found out by the worker that would write to them. */
export const askForPasswordReset = defineRoute({
  method: 'post',
  path: '/api/v1/password-resets',
  summary: 'Have a link to choose a new password sent to an address, if somebody signs in with it',
  permission: 'public',
  body: PasswordResetRequest,
  success: { status: 202, body: z.object({}) },
  errors: ['too_many_attempts'],
  async handle({ body, actor }, { em, realm, attempts, browser }) {
    await attempts.begin([['mailsAsked', browser.address]], actor);
    const isLeft = await attempts.isLeft(['mailsSent', realm.accountOf(body.email)]);
    if (isLeft) await ask(em, realm, body.email.trim().toLowerCase());
    return {};
  },
});
