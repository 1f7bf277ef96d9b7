import { DomainError } from '#contracts/errors.ts';
import { RunStarted } from '#contracts/runs.ts';
import { TenantToCreate, type NewTenant } from '#contracts/tenants.ts';
import { applyPlan } from '#domain/tenants/applyPlan.ts';
import { defaultPlan, registerTenant, type RegisteredTenant } from '#domain/tenants/registerTenant.ts';
import { findPlan } from '#domain/tenants/tenantPlans.ts';
import { countTenantPlan } from '#observability/metrics.ts';
import { defineRoute } from '../../route.ts';

/** Accepted once its rows are written: the run goes on from the ledger, also when Temporal is away at this moment. */
export const createTenant = defineRoute({
  method: 'post',
  path: '/api/v1/tenants',
  summary: 'Create a tenant, or the one of a plan',
  permission: 'tenants:create',
  scope: 'plan',
  body: TenantToCreate,
  idempotent: true,
  success: { status: 202, body: RunStarted },
  errors: [
    'not_found', 'slug_taken', 'external_id_taken', 'plan_unknown', 'license_policy_missing', 'region_unknown', 'resource_conflict',
    'plan_differs', 'plan_expired', 'plan_outdated',
  ], // prettier-ignore
  async handle({ body, actor, demand }, { em, once, platform, workflows }) {
    const { tenantKeys: keys, installation } = platform;
    const { planId } = body;
    const { keyring } = installation;
    const ask = (question: Parameters<typeof workflows.plan>[0]) => workflows.plan(question);
    if (planId !== undefined) {
      const { wanted } = await findPlan(em, keyring, planId, actor);
      demand('tenants:create', { plan: wanted.plan ?? defaultPlan }, 'plan');
    }
    const started =
      planId === undefined
        ? await once((tx) => registerTenant(tx, keys, body as NewTenant, actor))
        : await counted(applyPlan(planId, body, actor, { em, once, keys, keyring, ask }));
    await workflows.start(started.runId);
    return started;
  },
});

async function counted(applying: Promise<RegisteredTenant>): Promise<RegisteredTenant> {
  try {
    const started = await applying;
    countTenantPlan('applied');
    return started;
  } catch (error) {
    if (error instanceof DomainError) countTenantPlan(error.code);
    throw error;
  }
}
