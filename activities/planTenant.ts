import { randomUUID } from 'node:crypto';
import type { PlannedAction } from '#providers/provider.ts';
import type { Deps } from './deps.ts';

/** A tenant that does not exist yet: its id decides all names. */
export interface PlanQuestion {
  tenantId: string;
  region: string;
  providers: string[];
}

export type PlannedResource = PlannedAction & { provider: string };

export const planActivities = ({ providers, installation }: Pick<Deps, 'providers' | 'installation'>) => ({
  async planResource(question: { tenantId: string; region: string; provider: string }): Promise<PlannedResource> {
    const provider = providers[question.provider];
    if (!provider) return { provider: question.provider, action: 'conflict', reason: 'No worker knows this provider.' };
    const [resourceId, runId] = [randomUUID(), randomUUID()];
    const { tenantId, region } = question;
    const planned = await provider.plan({
      installationId: installation.id,
      tenantId,
      resourceId,
      runId,
      epoch: 1,
      region,
      access: 'open',
    });
    return { provider: question.provider, ...planned };
  },
});

export type PlanActivities = ReturnType<typeof planActivities>;
