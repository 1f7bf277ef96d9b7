import { CancellationScope, proxyActivities, proxyLocalActivities, sleep } from '@temporalio/workflow';
import type { Activities } from '#activities/index.ts';
import type { LedgerActivities } from '#activities/ledger.ts';
import type { PlatformRunInput } from '#contracts/workflowInputs.ts';
import { FIXED, REPORT } from '../lib/policies.ts';

const activities = proxyActivities<Activities>({ ...FIXED, retry: { ...FIXED.retry, maximumInterval: '30s' } });
const ledger = proxyLocalActivities<LedgerActivities>(REPORT);

/** Twice as long as a process keeps a key in memory without reading it again. */
const forgottenAfter = '10s';

/**
 * Destroys the key of an erased tenant once nothing of its own needs to be read again, writes that down apart from the database, and
 * issues the certificate. With the platform's key: the histories of the tenant's own workflows end with theirs.
 */
export async function shredTenantKey(run: PlatformRunInput): Promise<void> {
  const { runId, tenantId, epoch, subjectId } = run;
  const ref = { runId, tenantId, epoch };
  await CancellationScope.nonCancellable(async () => {
    for (const { id: stepId, provider } of run.steps) {
      const step = { runId, tenantId: subjectId ?? '', epoch, stepId };
      await activities['shredding.begin'](step);
      switch (provider) {
        case 'workflows':
          await activities['shredding.workflowsHaveEnded'](step);
          break;
        case 'key':
          await activities['shredding.destroyKey'](ref);
          break;
        case 'memory':
          await sleep(forgottenAfter);
          break;
        default:
          await activities['shredding.certify'](ref);
      }
      await ledger['ledger.finishStep'](step, 'done', null);
    }
    await activities['shredding.close'](ref);
  });
}
