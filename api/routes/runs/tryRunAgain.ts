import { RunStarted } from '#contracts/runs.ts';
import { registerTenant } from '#domain/tenants/registerTenant.ts';
import { findInputsOf } from '#domain/tenants/repeatRegistration.ts';
import { defineRoute, RunParams } from '../../route.ts';

/** By the version that the plan is at now, which the answer tells: the run that failed may have been made by an older one. */
export const tryRunAgain = defineRoute({
  method: 'post',
  path: '/api/v1/runs/{runId}/try-again',
  summary: 'Create the tenant of a rolled-back run again, with the same inputs',
  permission: 'runs:retry',
  scope: 'run',
  params: RunParams,
  idempotent: true,
  success: { status: 202, body: RunStarted },
  errors: [
    'not_found',
    'run_not_repeatable',
    'slug_taken',
    'external_id_taken',
    'plan_unknown',
    'license_policy_missing',
    'region_unknown',
  ],
  async handle({ params, actor }, { em, once, platform: { tenantKeys }, workflows }) {
    const inputs = await findInputsOf(em, tenantKeys, params.runId);
    const started = await once((tx) => registerTenant(tx, tenantKeys, inputs, actor));
    await workflows.start(started.runId);
    return started;
  },
});
