import { LinkCheck } from '#contracts/identity/links.ts';
import { confirmMailChange } from '#domain/people/account.ts';
import { defineRoute } from '../../route.ts';
import { guessingLinks } from './guessingLinks.ts';

export const confirmEmail = defineRoute({
  method: 'post',
  path: '/api/v1/links/mail-change',
  summary: 'Confirm a new e-mail address from its mailbox',
  permission: 'public',
  body: LinkCheck,
  success: { status: 204 },
  errors: ['link_invalid', 'email_taken', 'too_many_attempts'],
  async handle({ body, actor }, context) {
    const { em, realm, sessions, platform } = context;
    await guessingLinks(context, actor, () => confirmMailChange(em, realm, platform.tenantKeys, body.token, actor));
    await sessions.changed();
  },
});
