import { proxyLocalActivities } from '@temporalio/workflow';
import type { PlanActivities, PlannedResource, PlanQuestion } from '#activities/planTenant.ts';

const { planResource } = proxyLocalActivities<PlanActivities>({
  startToCloseTimeout: '4s',
  retry: { maximumAttempts: 2 },
});

/** Asks each provider what it would do for a new tenant. Writes nothing. */
export async function planTenant(question: PlanQuestion): Promise<PlannedResource[]> {
  const { tenantId, region } = question;
  return Promise.all(question.providers.map((provider) => planResource({ tenantId, region, provider })));
}
