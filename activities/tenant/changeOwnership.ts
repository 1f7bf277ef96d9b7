import { DomainError } from '#contracts/errors.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import {
  closeUnchanged,
  handOver,
  lookAtOwnership,
  waitForAnswers,
  type OwnershipLook,
} from '#domain/ownership/handOver.ts';
import { announceAccess, readAccessEpoch } from '#domain/access/epoch.ts';
import { countOwnership } from '#observability/handoverMetrics.ts';
import { ProviderError } from '#providers/provider.ts';
import type { Deps } from '../deps.ts';
import { whenFree } from './whenFree.ts';

const suspendedAgainMs = 60_000;

/** `ownership.*`: who is asked and what they said are rows; nobody's name or link passes through here. */
export const changeOwnership = (deps: Deps) => ({
  /** Asks, reminds and expires what is due. @param now by the workflow's clock */
  'ownership.look': (ref: RunRef, now: string): Promise<OwnershipLook> => lookAtOwnership(deps.ledger, deps, ref, now),
  'ownership.wait': ({ stepId, ...ref }: RunRef & { stepId: string }): Promise<void> =>
    waitForAnswers(deps.ledger, ref, stepId),
  'ownership.handOver': async (ref: RunRef): Promise<void> => {
    await whenFree(() => handOver(deps.ledger, deps, ref)).catch((error: unknown) => {
      if (!(error instanceof DomainError) || error.code !== 'tenant_suspended') throw error;
      throw new ProviderError('Tenantry', error.publicMessage, { cause: error, retryAfterMs: suspendedAgainMs });
    });
    announceAccess(deps.announcer, await readAccessEpoch(deps.registry.em.fork()));
    countOwnership('done');
  },
  'ownership.closeUnchanged': async (ref: RunRef): Promise<'cancelled' | 'rolled_back'> => {
    const outcome = await closeUnchanged(deps.ledger, ref);
    countOwnership(outcome === 'cancelled' ? 'withdrawn' : 'unanswered');
    return outcome;
  },
});

export type OwnershipActivities = ReturnType<typeof changeOwnership>;
