import { randomUUID } from 'node:crypto';
import type { PlannedAction } from '#providers/provider.ts';
import type { Deps } from '../deps.ts';

/** Of a tenant that does not exist yet: its id decides all names, and those of its resources what is ours already. */
export interface PlanQuestion {
  tenantId: string;
  region: string;
  resources: { provider: string; resourceId: string }[];
}

export type PlannedResource = PlannedAction & { provider: string };

export const planActivities = ({ providers, installation }: Pick<Deps, 'providers' | 'installation'>) => ({
  async planResource(
    question: Pick<PlanQuestion, 'tenantId' | 'region'> & PlanQuestion['resources'][number],
  ): Promise<PlannedResource> {
    const provider = providers[question.provider];
    if (!provider) return { provider: question.provider, action: 'conflict', reason: 'No worker knows this provider.' };
    const { tenantId, region, resourceId } = question;
    const planned = await provider.plan({
      installationId: installation.id,
      tenantId,
      resourceId,
      runId: randomUUID(), // of no run: nothing is written
      epoch: 1,
      region,
      access: 'open',
    });
    return { provider: question.provider, ...planned };
  },
});

export type PlanActivities = ReturnType<typeof planActivities>;
