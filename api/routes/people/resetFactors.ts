import { Person } from '#contracts/identity/people.ts';
import { resetFactors as act } from '#domain/people/changePeople.ts';
import { findPerson } from '#domain/people/people.ts';
import { defineRoute, UserParams } from '../../route.ts';
import { demandSway } from './sway.ts';

export const resetFactors = defineRoute({
  method: 'post',
  path: '/api/v1/people/{userId}/reset-factors',
  summary: 'Take away the second factors that somebody lost',
  permission: 'people:manage',
  people: true,
  stepUp: true,
  params: UserParams,
  success: { status: 200, body: Person },
  errors: ['not_found', 'person_oneself', 'role_exceeds_yours'],
  async handle({ params: { userId }, principal, actor }, context) {
    await demandSway(userId, principal, context);
    await context.em.transactional((tx) => act(tx, context.realm, userId, actor));
    await context.sessions.changed();
    return findPerson(context.em, userId);
  },
});
