import { Person } from '#contracts/identity/people.ts';
import { refuseWithoutOwner } from '#domain/access/assignRoles.ts';
import { disablePerson as act } from '#domain/people/changePeople.ts';
import { findPerson } from '#domain/people/people.ts';
import { defineRoute, UserParams } from '../../route.ts';
import { demandSway } from './sway.ts';

export const disablePerson = defineRoute({
  method: 'post',
  path: '/api/v1/people/{userId}/disable',
  summary: 'Lock somebody out: all sessions end at once',
  permission: 'people:manage',
  people: true,
  stepUp: true,
  params: UserParams,
  success: { status: 200, body: Person },
  errors: ['not_found', 'person_oneself', 'person_not_active', 'last_owner', 'role_exceeds_yours'],
  async handle({ params: { userId }, principal, actor }, context) {
    await demandSway(userId, principal, context);
    await context.em.transactional(async (tx) => {
      await act(tx, context.realm, userId, actor);
      await refuseWithoutOwner(tx);
    });
    await context.sessions.changed();
    return findPerson(context.em, userId);
  },
});
