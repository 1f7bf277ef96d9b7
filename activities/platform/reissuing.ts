import type { PlatformRef } from '#contracts/workflowInputs.ts';
import { reissueBatch } from '#domain/licenses/reissuing/reissueAll.ts';
import { countLicense } from '#observability/licenses/licenseMetrics.ts';
import type { Deps } from '../deps.ts';

/** `licenses.*`: what is done to many licences at once. */
export const reissuingActivities = ({ ledger, installation }: Pick<Deps, 'ledger' | 'installation'>) => ({
  /** Signs one batch anew. Returns whether that was the last. */
  async 'licenses.reissueBatch'(ref: PlatformRef & { subjectId: string }): Promise<boolean> {
    const { count, isOver } = await reissueBatch(ledger, installation, ref);
    for (let at = 0; at < count; at++) countLicense('reissued');
    return isOver;
  },
});
