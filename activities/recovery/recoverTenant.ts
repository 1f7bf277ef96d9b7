import { Context } from '@temporalio/activity';
import { DomainError } from '#contracts/errors.ts';
import type { RunState } from '#contracts/runStates.ts';
import type { Reason, RunRef, StepInput } from '#contracts/workflowInputs.ts';
import { announceAccess } from '#domain/access/epoch.ts';
import { removeBackup } from '#domain/backups/format/writeBackup.ts';
import { beginCopy, noteCopied } from '#domain/backups/runs/copying.ts';
import { closeRecovery, closeRecoveryTakenBack } from '#domain/physical/recoveries/closeRecovery.ts';
import {
  noteBroughtBack,
  noteChosen,
  noteProof,
  noteReached,
  recoveryOf,
} from '#domain/physical/recoveries/recoveryRow.ts';
import { countRecovery, timed } from '#observability/recovery/recoveryMetrics.ts';
import type { PhysicalBackup, Progress, ScratchServer } from '#providers/physical/physicalBackup.ts';
import type { Deps } from '../deps.ts';
import { copyFromPast } from './copyFromPast.ts';

const tellEveryMs = 1_000;

/**
 * `recovery.*`: one tenant out of the whole server as it was at a moment. Each may be repeated: a server that an earlier attempt brought back is used,
 * and brought back again when it is gone.
 */
export const recoverTenantActivities = (deps: Deps) => {
  const { ledger, registry, backupPlace: place, tenantKeys } = deps;
  const em = () => registry.em.fork();
  const signalOf = () => Context.current().cancellationSignal;

  const physical = (): PhysicalBackup => {
    if (deps.physical) return deps.physical;
    throw new DomainError('physical_off', 'The whole server is not backed up: TENANTRY_PHYSICAL_BACKUP is off.');
  };

  /** Of this run; brought back where it is not there, or died with its machine. */
  async function serverOf({ runId }: StepInput): Promise<ScratchServer> {
    const found = await physical().find(runId);
    if (found) return found;
    const { at } = await recoveryOf(em(), runId);
    const onProgress = nowAndThen(({ bytes }) => noteBroughtBack(em(), runId, bytes));
    const server = await timed('restore', () => physical().restore(runId, at, { signal: signalOf(), onProgress }));
    await noteReached(em(), runId, server.reachedAt);
    return server;
  }

  return {
    /** Nothing is written for a moment that cannot be reached. */
    'recovery.choose': async ({ runId }: StepInput): Promise<void> => {
      const { at } = await recoveryOf(em(), runId);
      const { baseId } = await physical().choose(at, signalOf());
      const base = (await physical().list()).find(({ id }) => id === baseId);
      await noteChosen(em(), runId, { id: baseId, bytes: base?.bytes ?? 0 });
    },

    'recovery.restore': async (input: StepInput): Promise<void> => {
      await serverOf(input);
    },

    'recovery.prove': async (input: StepInput): Promise<void> => {
      const server = await serverOf(input);
      const proof = await timed('prove', () => physical().prove(server, { signal: signalOf() }));
      await noteProof(em(), input.runId, proof);
    },

    'recovery.copy': async (input: StepInput): Promise<void> => {
      const copying = await beginCopy(ledger, input, deps.configuration.backups);
      if (!copying) return;
      const { tenantId, runId } = input;
      const { backupId } = copying;
      for (const discarded of copying.discarded)
        await removeBackup({ place, tenantId, backupId: discarded }).catch(() => undefined);
      const { at } = await recoveryOf(em(), runId);
      const server = await serverOf(input);
      const written = await timed('copy', () => copyFromPast(deps, server, input, { ...copying, at }, signalOf()));
      try {
        await noteCopied(ledger, input, backupId, written);
      } catch (error) {
        // An attempt that was thought dead: nobody knows of what it wrote.
        if (error instanceof DomainError) await removeBackup({ place, tenantId, backupId });
        throw error;
      }
    },

    /** Once the copy is there, a server that does not want to go fails nobody: it is swept when the run is over. */
    'recovery.remove': async ({ runId, intent }: StepInput): Promise<void> => {
      const removed = deps.physical?.tearDown(runId);
      await (intent === 'act' ? removed?.catch(() => undefined) : removed);
    },

    'recovery.close': async (ref: RunRef): Promise<void> => {
      await tenantKeys.find(ref.tenantId); // inside the transaction it would want a second connection
      const { mode } = await recoveryOf(em(), ref.runId);
      const { restoreRunId, epoch } = await closeRecovery(ledger, tenantKeys, ref);
      if (epoch !== null) announceAccess(deps.announcer, epoch);
      countRecovery(mode, 'succeeded');
      // What does not start now, the reconciler starts.
      if (restoreRunId !== null) await deps.startRun(restoreRunId).catch(() => undefined);
    },

    'recovery.closeTakenBack': async (ref: RunRef, reason: Reason, isLeft: boolean): Promise<RunState> => {
      const { mode } = await recoveryOf(em(), ref.runId);
      const outcome = await closeRecoveryTakenBack(ledger, ref, reason, isLeft);
      countRecovery(mode, outcome === 'cancelled' ? 'cancelled' : 'failed');
      return outcome;
    },
  };
};

export type RecoverTenantActivities = ReturnType<typeof recoverTenantActivities>;

/** Progress for people who watch: one that is not written down is followed by the next. */
function nowAndThen(tell: (done: Progress) => Promise<unknown>): (done: Progress) => void {
  let last = 0;
  return (done) => {
    if (performance.now() - last < tellEveryMs) return;
    last = performance.now();
    tell(done).catch(() => undefined);
  };
}
