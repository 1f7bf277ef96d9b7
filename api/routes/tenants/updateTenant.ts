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
  errors: ['forbidden', 'not_found', 'tenant_erased', 'external_id_taken', 'person_not_invited'],
  async handle({ params: { tenantId }, body, actor, signedIn }, { em, platform: { tenantKeys } }) {
    // Who acts for the tenant would name whom they like in its name.
    if (signedIn?.acting && body.admin !== undefined)
      throw new DomainError('forbidden', 'Not while you act for the tenant.');
    // Read beforehand: inside the transaction it would want a second connection while holding one.
    if (body.admin) await tenantKeys.find(tenantId);
    await em.transactional((tx) => changeTenant(tx, tenantKeys, tenantId, body, actor));
    const tenant = await findTenantDetail(em.fork(), tenantKeys, tenantId);
    if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
    return tenant;
  },
});
