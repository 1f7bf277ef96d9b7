import { DomainError } from '#contracts/errors.ts';
import { ProviderError } from '#providers/provider.ts';

const againMs = 1_000;

/** A step of a run that changes its tenant for moments only waits until nobody else does: that is no failure of it. */
export async function whenFree<Result>(change: () => Promise<Result>): Promise<Result> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'run_in_progress') throw error;
    throw new ProviderError('Tenantry', 'Another run is changing this tenant; this one goes on when that has ended.', {
      cause: error,
      retryAfterMs: againMs,
    });
  }
}

/** Past the point where a change could be taken back, what stands in its way is told and tried again until somebody has removed it. */
export async function untilItWorks<Result>(change: () => Promise<Result>): Promise<Result> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof DomainError) || error.code === 'tenant_not_active' || error.code === 'run_over') throw error;
    throw new ProviderError('Tenantry', error.publicMessage, { cause: error, retryAfterMs: againMs });
  }
}
