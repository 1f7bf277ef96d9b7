import { DriftPage, DriftQuery } from '#contracts/findings/drift.ts';
import { listFindings } from '#domain/drift/listFindings.ts';
import { defineRoute } from '../../route.ts';

export const listDriftFindings = defineRoute({
  method: 'get',
  path: '/api/v1/drift/findings',
  summary: 'List how resources differ from what was made, newest first',
  permission: 'drift:read',
  scope: 'reach',
  query: DriftQuery,
  success: { status: 200, body: DriftPage },
  errors: [],
  handle: ({ query, reach }, { em }) => listFindings(em, query, reach),
});
