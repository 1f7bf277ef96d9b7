import { DomainError } from '#contracts/errors.ts';
import { TenantDetail } from '#contracts/tenants.ts';
import { findTenantDetail } from '#domain/tenants/viewTenant.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const readTenant = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}',
  summary: 'Read a tenant with its resources',
  permission: 'tenants:read',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 200, body: TenantDetail },
  errors: ['not_found'],
  async handle({ params }, { em, platform }) {
    const tenant = await findTenantDetail(em, platform.tenantKeys, params.tenantId);
    if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
    return tenant;
  },
});
