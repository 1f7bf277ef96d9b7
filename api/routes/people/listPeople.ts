import { People, PeopleQuery } from '#contracts/identity/people.ts';
import { listPeople as list } from '#domain/people/people.ts';
import { defineRoute } from '../../route.ts';

export const listPeople = defineRoute({
  method: 'get',
  path: '/api/v1/people',
  summary: 'Who works with this control plane',
  permission: 'people:read',
  query: PeopleQuery,
  success: { status: 200, body: People },
  errors: [],
  handle: ({ query }, { em }) => list(em, query),
});
