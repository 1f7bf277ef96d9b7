import { TenantPage, TenantQuery } from '#contracts/tenants.ts';
import { listTenants as findPage } from '#domain/tenants/listTenants.ts';
import { defineRoute } from '../../route.ts';

export const listTenants = defineRoute({
  method: 'get',
  path: '/api/v1/tenants',
  summary: 'List and search tenants',
  permission: 'tenants:read',
  scope: 'reach',
  query: TenantQuery,
  success: { status: 200, body: TenantPage },
  errors: [],
  handle: ({ query, reach }, { em, platform }) => findPage(em, platform.tenantKeys, query, reach),
});
