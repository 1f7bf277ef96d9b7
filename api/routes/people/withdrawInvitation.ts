import { withdrawInvitation as withdraw } from '#domain/people/invitations.ts';
import { defineRoute, UserParams } from '../../route.ts';
import { demandSway } from './sway.ts';

export const withdrawInvitation = defineRoute({
  method: 'delete',
  path: '/api/v1/people/{userId}/invitation',
  summary: 'Withdraw an invitation that nobody accepted yet',
  permission: 'people:manage',
  people: true,
  params: UserParams,
  success: { status: 204 },
  errors: ['not_found', 'person_not_invited', 'role_exceeds_yours'],
  async handle({ params: { userId }, principal, actor }, context) {
    await demandSway(userId, principal, context);
    await context.em.transactional((tx) => withdraw(tx, context.realm, userId, actor));
    await context.sessions.changed();
  },
});
