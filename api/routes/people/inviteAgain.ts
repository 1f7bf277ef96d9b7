import { LinkMade } from '#contracts/identity/people.ts';
import { inviteAgain as again } from '#domain/people/invitations.ts';
import { defineRoute, UserParams } from '../../route.ts';
import { demandSway } from './sway.ts';

export const inviteAgain = defineRoute({
  method: 'post',
  path: '/api/v1/people/{userId}/invitation',
  summary: 'Send the invitation again; the earlier link ends',
  permission: 'people:manage',
  people: true,
  stepUp: true,
  params: UserParams,
  success: { status: 200, body: LinkMade },
  errors: ['not_found', 'person_not_invited', 'role_exceeds_yours'],
  async handle({ params: { userId }, principal, actor }, context) {
    await demandSway(userId, principal, context);
    return context.em.transactional((tx) => again(tx, context.realm, userId, actor));
  },
});
