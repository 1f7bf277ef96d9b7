import { PasswordReset } from '#contracts/identity/links.ts';
import { resetPassword as reset } from '#domain/people/changePassword.ts';
import { defineRoute } from '../../route.ts';
import { guessingLinks } from './guessingLinks.ts';

/** Signs nobody in: a second factor is still asked for. */
export const resetPassword = defineRoute({
  method: 'post',
  path: '/api/v1/links/password-reset',
  summary: 'Choose a new password by a one-time link; all sessions end',
  permission: 'public',
  body: PasswordReset,
  success: { status: 204 },
  errors: ['link_invalid', 'password_weak', 'too_many_attempts'],
  async handle({ body, actor }, context) {
    const email = await guessingLinks(context, actor, () => reset(context.em, context.realm, body, actor));
    context.browser.remember(email); // whoever reads the mailbox is not locked out by others' guesses
    await context.sessions.changed();
  },
});
