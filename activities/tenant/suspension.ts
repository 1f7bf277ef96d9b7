import { announceAccess } from '#domain/access/epoch.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import { moveAddress } from '#domain/renaming/moveAddress.ts';
import { closeResumption, closeSuspension } from '#domain/suspension/closeSuspension.ts';
import type { Deps } from '../deps.ts';

/** The ends of the runs that close a tenant, open it, and move it to another address: each writes its run's end with what it does. */
export const suspensionActivities = (deps: Deps) => ({
  'suspension.close': (ref: RunRef): Promise<void> => closeSuspension(deps.ledger, deps, ref),

  'suspension.end': async (ref: RunRef): Promise<void> => {
    const epoch = await closeResumption(deps.ledger, deps, ref);
    if (epoch !== null) announceAccess(deps.announcer, epoch);
  },

  'address.move': (ref: RunRef): Promise<void> => moveAddress(deps.ledger, ref, deps.configuration.addresses),
});
