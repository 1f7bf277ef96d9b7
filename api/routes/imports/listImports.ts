import { ImportListQuery, ImportPage } from '#contracts/imports/imports.ts';
import { listImports as list } from '#domain/imports/viewing/viewImports.ts';
import { defineRoute } from '../../route.ts';

export const listImports = defineRoute({
  method: 'get',
  path: '/api/v1/imports',
  summary: 'List imports, newest first',
  permission: 'tenants:import',
  query: ImportListQuery,
  success: { status: 200, body: ImportPage },
  errors: [],
  handle: ({ query }, { em }) => list(em, query),
});
