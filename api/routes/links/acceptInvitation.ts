import { InvitationAcceptance } from '#contracts/identity/links.ts';
import { Session } from '#contracts/session.ts';
import { acceptInvitation as accept } from '#domain/people/invitations.ts';
import { defineRoute } from '../../route.ts';
import { guessingLinks } from './guessingLinks.ts';

export const acceptInvitation = defineRoute({
  method: 'post',
  path: '/api/v1/links/invitation',
  summary: 'Accept an invitation by choosing a password',
  permission: 'public',
  body: InvitationAcceptance,
  success: { status: 201, body: Session },
  errors: ['link_invalid', 'password_weak', 'too_many_attempts'],
  async handle({ body, actor }, context) {
    const userId = await guessingLinks(context, actor, () => accept(context.em, context.realm, body, actor));
    return context.viewSession(await context.signIn(userId, 'invitation'));
  },
});
