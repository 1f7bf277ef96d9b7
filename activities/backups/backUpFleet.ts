import type { PlatformRef, RunRef } from '#contracts/workflowInputs.ts';
import { fleetAbove, takeTurn } from '#domain/backups/fleet/turn.ts';
import type { Deps } from '../deps.ts';

/** What the workflow does next: nothing more, or ask again after so long. */
export interface FleetBackupTurn {
  isOver: boolean;
  waitMs: number;
}

type FleetDeps = Pick<Deps, 'ledger' | 'configuration' | 'startRun'>;

/** Counts what has ended, opens what is due and starts it. */
async function turn({ ledger, configuration, startRun }: FleetDeps, ref: PlatformRef): Promise<FleetBackupTurn> {
  const { runIds, isOver, waitMs } = await takeTurn(ledger, ref, configuration.backups.atOnce);
  // What does not start now, the reconciler starts.
  for (const runId of runIds) await startRun(runId).catch(() => undefined);
  return { isOver, waitMs };
}

/** `backups.*`: all tenants of a plan. What it has done stands in the rows; killed, it goes on by them. */
export const backUpFleet = (deps: FleetDeps) => ({
  /** It waits for nothing: the place in the worker is for whoever copies. */
  'backups.turn': (ref: PlatformRef): Promise<FleetBackupTurn> => turn(deps, ref),
});

/** The place of a copy that has ended is taken at once, and not only when the fleet's workflow looks again. */
export async function passOnPlace(deps: FleetDeps & Pick<Deps, 'registry'>, { runId }: RunRef): Promise<void> {
  const fleet = await fleetAbove(deps.registry.em.fork(), runId).catch(() => null);
  if (fleet) await turn(deps, fleet).catch(() => undefined);
}

export type FleetBackupActivities = ReturnType<typeof backUpFleet>;
