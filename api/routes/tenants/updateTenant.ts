import { DomainError } from '#contracts/errors.ts';
import { TenantChange, TenantDetail } from '#contracts/tenants.ts';
import { changeTenant } from '#domain/tenants/changeTenant.ts';
import { findTenantDetail } from '#domain/tenants/viewTenant.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const updateTenant = defineRoute({
  method: 'patch',
  path: '/api/v1/tenants/{tenantId}',
  summary: "Change a tenant's name, external id, labels or admin",
  permission: 'tenants:update',
  scope: 'tenant',
  params: TenantParams,
  body: TenantChange,
  success: { status: 200, body: TenantDetail },
  errors: ['not_found', 'tenant_erased', 'external_id_taken'],
  async handle({ params: { tenantId }, body, actor }, { em, platform: { tenantKeys } }) {
    // Read beforehand: inside the transaction it would want a second connection while holding one.
    if (body.admin) await tenantKeys.find(tenantId);
    await em.transactional((tx) => changeTenant(tx, tenantKeys, tenantId, body, actor));
    const tenant = await findTenantDetail(em.fork(), tenantKeys, tenantId);
    if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
    return tenant;
  },
});
