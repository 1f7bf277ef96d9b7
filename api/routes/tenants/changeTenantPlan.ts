import { DomainError } from '#contracts/errors.ts';
import { TenantDetail, TenantPlanChange } from '#contracts/tenants.ts';
import { changeTenantPlan as change } from '#domain/tenants/changePlan.ts';
import { findTenantDetail } from '#domain/tenants/viewTenant.ts';
import { defineRoute, TenantParams } from '../../route.ts';

/** Whoever may make tenants of the other plan may bring one there. */
export const changeTenantPlan = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/plan',
  summary: 'Give a tenant another plan, and its licence what that plan grants',
  permission: 'tenants:update',
  scope: 'tenant',
  params: TenantParams,
  body: TenantPlanChange,
  success: { status: 200, body: TenantDetail },
  errors: [
    'not_found', 'forbidden', 'tenant_erased', 'tenant_not_active', 'run_in_progress', 'plan_unknown', 'plan_moved',
    'plan_not_reachable', 'license_policy_unknown',
  ], // prettier-ignore
  async handle({ params: { tenantId }, body, actor, signedIn, demand }, { em, changeAccess, platform }) {
    if (signedIn?.acting) throw new DomainError('forbidden', 'Not while you act for the tenant.');
    demand('tenants:create', { plan: body.plan }, 'plan');
    await changeAccess((tx) => change(tx, platform.installation, tenantId, { ...body, now: new Date() }, actor));
    const tenant = await findTenantDetail(em.fork(), platform.tenantKeys, tenantId);
    if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
    return tenant;
  },
});
