import { RunStarted } from '#contracts/runs.ts';
import { NewTenant } from '#contracts/tenants.ts';
import { registerTenant } from '#domain/tenants/registerTenant.ts';
import { defineRoute } from '../../route.ts';

/** Accepted once its rows are written: the run goes on from the ledger, also when Temporal is away at this moment. */
export const createTenant = defineRoute({
  method: 'post',
  path: '/api/v1/tenants',
  summary: 'Create a tenant',
  permission: 'tenants:create',
  body: NewTenant,
  idempotent: true,
  success: { status: 202, body: RunStarted },
  errors: ['slug_taken', 'external_id_taken', 'plan_unknown', 'region_unknown'],
  async handle({ body, actor }, { once, platform, workflows }) {
    const started = await once((em) => registerTenant(em, platform.tenantKeys, body, actor));
    await workflows.start(started.runId);
    return started;
  },
});
