import { AuditPage, AuditQuery } from '#contracts/audit/audit.ts';
import { listEntries } from '#domain/audit/reading/listEntries.ts';
import { defineRoute } from '../../route.ts';

export const listAuditEntries = defineRoute({
  method: 'get',
  path: '/api/v1/audit',
  summary: 'Search what happened, newest first',
  permission: 'audit:read',
  scope: 'reach',
  query: AuditQuery,
  success: { status: 200, body: AuditPage },
  errors: [],
  handle: ({ query, reach }, { em, platform }) => listEntries(em, platform.installation.keyring, query, reach),
});
