import { proxyLocalActivities } from '@temporalio/workflow';
import type { PlanActivities, PlannedResource, PlanQuestion } from '#activities/tenant/planTenant.ts';

const { planResource } = proxyLocalActivities<PlanActivities>({
  startToCloseTimeout: '4s',
  retry: { maximumAttempts: 2 },
});

/** Asks each provider what it would do for a new tenant. Writes nothing. */
export async function planTenant({ tenantId, region, resources }: PlanQuestion): Promise<PlannedResource[]> {
  return Promise.all(resources.map((resource) => planResource({ tenantId, region, ...resource })));
}
