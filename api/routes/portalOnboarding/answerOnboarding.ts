import type { Onboarding } from '#contracts/onboarding/onboarding.ts';
import type { Settled } from '#domain/onboarding/settleItem.ts';
import { viewOnboarding } from '#domain/onboarding/viewOnboarding.ts';
import type { Sql } from '#domain/database.ts';
import type { RequestContext } from '../../route.ts';

/** Carries out what somebody of the tenant did, wakes the workflow, and answers how far they have come. */
export async function answerOnboarding(
  { em, platform, door, workflows }: Pick<RequestContext, 'em' | 'platform' | 'door' | 'workflows'>,
  work: (em: Sql, tenantId: string) => Promise<Settled | null>,
): Promise<Onboarding> {
  const { tenantId } = door;
  const settled = await em.transactional((tx) => work(tx, tenantId));
  if (settled) await workflows.wake(settled.workflowId);
  return viewOnboarding(em, platform.tenantKeys, tenantId, { as: 'tenant', may: true });
}
