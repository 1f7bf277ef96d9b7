import { TenantAddresses } from '#contracts/life/addresses.ts';
import { listAddresses } from '#domain/renaming/viewAddresses.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const listTenantAddresses = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/addresses',
  summary: 'Where a tenant is, and the addresses that still lead to it or are held for it',
  permission: 'tenants:read',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 200, body: TenantAddresses },
  errors: ['not_found'],
  handle: async ({ params }, { em, platform: { configuration } }) => ({
    items: await listAddresses(em, params.tenantId),
    redirectDays: configuration.addresses.redirectDays,
  }),
});
