import type { ImportTurn, PlatformRef } from '#contracts/workflowInputs.ts';
import { checkImport } from '#domain/imports/checking/checkImport.ts';
import { takeTurn } from '#domain/imports/creating/takeTurn.ts';
import { holdRun, takeDecision } from '#domain/runs/deciding/parkRun.ts';
import { countImportLines } from '#observability/importMetrics.ts';
import type { Deps } from '../deps.ts';

/** More in one activity would let others of the bulk queue wait. */
const turnsInActivity = 8;

/** `import.*`: reads files of tenants, and has their tenants made. */
export const importActivities = (
  deps: Pick<Deps, 'registry' | 'installation' | 'tenantKeys' | 'ledger' | 'configuration' | 'startRun'>,
) => ({
  /** Reads the whole file and reports on each of its lines. */
  async 'import.check'(ref: PlatformRef): Promise<void> {
    const { registry, installation, ledger } = deps;
    await checkImport({ registry, keyring: installation.keyring, ledger }, ref);
  },

  /**
   * Does what the rows ask for, as far as it can be done at once, and tells what comes next.
   *
   * @param ref.now the workflow's time, in milliseconds since 1970
   */
  async 'import.turn'({ now, ...ref }: PlatformRef & { now: number }): Promise<ImportTurn> {
    const { ledger, installation, tenantKeys: keys, configuration, startRun } = deps;
    const makers = { ledger, keyring: installation.keyring, keys, window: configuration.imports.concurrency };
    for (let turn = 1; ; turn++) {
      const { next, stop, runIds, outcomes } = await takeTurn(makers, ref, new Date(now).toISOString());
      countImportLines(outcomes);
      // What does not start now is started by the reconciler: the rows are there.
      await Promise.all(runIds.map((runId) => startRun(runId).catch(() => undefined)));
      if (stop) return (await isReleased(ledger, { ...ref, ...stop })) ? 'again' : 'held';
      if (next !== 'again' || turn === turnsInActivity) return next;
    }
  },
});

/** Writes down that the run stands still, unless it is known; true once somebody said go on. */
async function isReleased(ledger: Deps['ledger'], stop: Parameters<typeof holdRun>[1]): Promise<boolean> {
  if (await takeDecision(ledger, stop)) return true;
  return (await holdRun(ledger, stop)) === 'nothing';
}
