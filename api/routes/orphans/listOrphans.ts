import { OrphanPage, OrphanQuery } from '#contracts/findings/orphans.ts';
import { listOrphans as findPage } from '#domain/orphans/listOrphans.ts';
import { defineRoute } from '../../route.ts';

export const listOrphans = defineRoute({
  method: 'get',
  path: '/api/v1/orphans/findings',
  summary: 'List what carries our tag and nobody knows, newest first',
  permission: 'orphans:read',
  query: OrphanQuery,
  success: { status: 200, body: OrphanPage },
  errors: [],
  handle: ({ query }, { em }) => findPage(em, query),
});
