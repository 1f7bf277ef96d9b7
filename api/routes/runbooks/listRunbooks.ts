import { RunbookList } from '#contracts/runbooks/runbooks.ts';
import { listRunbooks as list } from '#domain/runbooks/versions/viewRunbooks.ts';
import { defineRoute } from '../../route.ts';

export const listRunbooks = defineRoute({
  method: 'get',
  path: '/api/v1/runbooks',
  summary: 'List runbooks: the latest version of each, and how it was run and practised last',
  permission: 'runbooks:read',
  success: { status: 200, body: RunbookList },
  errors: [],
  handle: async (_input, { em }) => ({ items: await list(em) }),
});
