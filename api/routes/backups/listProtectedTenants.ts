import { ProtectionPage, ProtectionQuery } from '#contracts/backups/backups.ts';
import { listProtectedTenants as list } from '#domain/backups/viewing/viewBackupFleet.ts';
import { defineRoute } from '../../route.ts';

export const listProtectedTenants = defineRoute({
  method: 'get',
  path: '/api/v1/backups/tenants',
  summary: 'List how each tenant is protected',
  permission: 'backups:read',
  scope: 'reach',
  query: ProtectionQuery,
  success: { status: 200, body: ProtectionPage },
  errors: [],
  handle: ({ query, reach }, { em }) => list(em, query, reach),
});
