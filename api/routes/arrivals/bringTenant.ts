import { NewArrivedTenant } from '#contracts/backups/arrivals.ts';
import { RestoreStarted } from '#contracts/backups/restores.ts';
import { bringTenant as bring, openArrival } from '#domain/backups/arriving/bringTenant.ts';
import { defaultPlan } from '#domain/tenants/registerTenant.ts';
import { defineRoute } from '../../route.ts';
import { arrivalErrors } from './arrivalErrors.ts';
import { ArrivalParams } from './arrivalParams.ts';

/** Besides restoring, who asks needs what creating a tenant of this plan needs. */
export const bringTenant = defineRoute({
  method: 'post',
  path: '/api/v1/arrivals/{arrivalId}/tenant',
  summary: 'Make a tenant from the backup that another installation handed over',
  permission: 'backups:restore',
  stepUp: true,
  params: ArrivalParams,
  body: NewArrivedTenant,
  idempotent: true,
  success: { status: 202, body: RestoreStarted },
  errors: [
    ...arrivalErrors, 'forbidden', 'confirmation_mismatch', 'slug_taken', 'plan_unknown', 'region_unknown', 'license_policy_missing',
  ], // prettier-ignore
  async handle({ params: { arrivalId }, body, actor, demand }, { once, em, platform, workflows }) {
    demand('tenants:create', { plan: body.plan ?? defaultPlan }, 'plan');
    // Within `once` a repetition is answered as before, although the request has its tenant by then.
    const { runId, tenantId, slug } = await once(async (tx) => {
      const { key } = await openArrival(em, platform, arrivalId, body.file);
      return bring(tx, platform, { arrivalId, key }, body, actor);
    });
    await workflows.start(runId);
    return { runId, tenantId, slug };
  },
});
