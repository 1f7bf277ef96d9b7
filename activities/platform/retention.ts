import type { PlatformRef } from '#contracts/workflowInputs.ts';
import { clearBatch } from '#domain/retention/applyRetention.ts';
import { countCleared } from '#observability/metrics.ts';
import type { Deps } from '../deps.ts';

/** `retention.*`: removes what was kept for long enough. */
export const retentionActivities = ({ ledger, configuration }: Pick<Deps, 'ledger' | 'configuration'>) => ({
  /** Removes one batch of rows. Returns whether that was the last. */
  async 'retention.clear'(ref: PlatformRef): Promise<boolean> {
    const { kind, count, isOver } = await clearBatch(ledger, ref, configuration.retention);
    if (kind) countCleared(kind, count);
    return isOver;
  },
});
