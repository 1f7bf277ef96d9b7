import { TenantPlan, TenantToPlan } from '#contracts/tenants.ts';
import { planRegistration } from '#domain/tenants/planRegistration.ts';
import { showPlan } from '#domain/tenants/showPlan.ts';
import { findPlan, storePlan } from '#domain/tenants/tenantPlans.ts';
import { countTenantPlan } from '#observability/metrics.ts';
import { defineRoute } from '../../route.ts';

/** Makes nothing: what the registry knows is read here, what the providers would do is told by a worker, and the plan is kept. */
export const planTenant = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/plan',
  summary: 'Show what creating a tenant would do, and keep it to be applied',
  permission: 'tenants:create',
  scope: 'plan',
  body: TenantToPlan,
  success: { status: 200, body: TenantPlan },
  errors: ['not_found', 'external_id_taken', 'plan_unknown', 'license_policy_missing', 'region_unknown'],
  async handle({ body: { planId, ...wanted }, actor }, { em, platform, workflows }) {
    const { keyring } = platform.installation;
    const earlier = planId === undefined ? null : await findPlan(em, keyring, planId, actor);
    const before = earlier?.appliedRunId ? null : earlier;
    const planned = await planRegistration(em, wanted, before);
    const shown = await showPlan(planned, (question) => workflows.plan(question));
    const stored = await storePlan(em, keyring, { before, planned, wanted, shown }, actor);
    countTenantPlan('made');
    return stored;
  },
});
