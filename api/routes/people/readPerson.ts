import { Person } from '#contracts/identity/people.ts';
import { findPerson } from '#domain/people/people.ts';
import { defineRoute, UserParams } from '../../route.ts';

export const readPerson = defineRoute({
  method: 'get',
  path: '/api/v1/people/{userId}',
  summary: 'One of the people',
  permission: 'people:read',
  params: UserParams,
  success: { status: 200, body: Person },
  errors: ['not_found'],
  handle: ({ params }, { em }) => findPerson(em, params.userId),
});
