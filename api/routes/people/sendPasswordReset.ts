import { LinkMade } from '#contracts/identity/people.ts';
import { sendPasswordReset as send } from '#domain/people/changePeople.ts';
import { defineRoute, UserParams } from '../../route.ts';
import { demandSway } from './sway.ts';

export const sendPasswordReset = defineRoute({
  method: 'post',
  path: '/api/v1/people/{userId}/password-reset',
  summary: 'Send somebody a link to choose a new password',
  permission: 'people:manage',
  people: true,
  stepUp: true,
  params: UserParams,
  success: { status: 200, body: LinkMade },
  errors: ['not_found', 'person_oneself', 'person_not_active', 'role_exceeds_yours'],
  async handle({ params: { userId }, principal, actor }, context) {
    await demandSway(userId, principal, context);
    return context.em.transactional((tx) => send(tx, context.realm, userId, actor));
  },
});
