import type { PlatformRef } from '#contracts/workflowInputs.ts';
import { takeDrillTurn } from '#domain/backups/drills/fleetTurn.ts';
import type { Deps } from '../deps.ts';

/** What the workflow does next: nothing more, or ask again after so long. */
export interface FleetDrillTurn {
  isOver: boolean;
  waitMs: number;
}

/** `drills.*`: many tenants. What it has done stands in the rows; killed, it goes on by them. */
export const drillFleet = ({
  ledger,
  configuration,
  startRun,
}: Pick<Deps, 'ledger' | 'configuration' | 'startRun'>) => ({
  /** Counts what has ended and opens what comes next. It waits for nothing: the place in the worker is for whoever restores. */
  async 'drills.turn'(ref: PlatformRef): Promise<FleetDrillTurn> {
    const { runIds, isOver, waitMs } = await takeDrillTurn(ledger, ref, configuration.backups.drillsAtOnce);
    // What does not start now, the reconciler starts.
    for (const runId of runIds) await startRun(runId).catch(() => undefined);
    return { isOver, waitMs };
  },
});

export type FleetDrillActivities = ReturnType<typeof drillFleet>;
