import { Context } from '@temporalio/activity';
import type { RunState } from '#contracts/runStates.ts';
import type { Reason, RunRef, StepInput } from '#contracts/workflowInputs.ts';
import { DomainError } from '#contracts/errors.ts';
import { lockEndOf } from '#domain/backups/format/refusals.ts';
import { removeBackup } from '#domain/backups/format/writeBackup.ts';
import { closeKept, closeLeft, closeTakenBack, discardCopy, postponeRemoval } from '#domain/backups/runs/closing.ts';
import { beginCopy, copyToCheck, noteChecked, noteCopied } from '#domain/backups/runs/copying.ts';
import { backupToRead, closeVerified } from '#domain/backups/runs/verifying.ts';
import { countBackup, countVerified } from '#observability/backups/backupMetrics.ts';
import type { Deps } from '../deps.ts';
import { passOnPlace } from './backUpFleet.ts';
import { readThrough } from './readThrough.ts';
import { writeCopy } from './writeCopy.ts';

/** `backup.*`: the copy of one tenant, made and read again. What an attempt left half-written goes, and nothing of it ever counts. */
export const backupRuns = (deps: Deps) => {
  const { ledger, registry, backupPlace: place } = deps;

  return {
    'backup.write': async (input: StepInput): Promise<void> => {
      const copying = await beginCopy(ledger, input, deps.configuration.backups);
      if (!copying) return;
      const { tenantId } = input;
      for (const backupId of copying.discarded)
        await removeBackup({ place, tenantId, backupId }).catch(() => undefined);
      const written = await writeCopy(deps, input, copying, Context.current().cancellationSignal);
      try {
        await noteCopied(ledger, input, copying.backupId, written);
      } catch (error) {
        // An attempt that was thought dead: nobody knows of what it wrote.
        if (error instanceof DomainError) await removeBackup({ place, tenantId, backupId: copying.backupId });
        throw error;
      }
    },

    /** The place is asked, and not what was sent to it: what counts is what can be read. */
    'backup.check': async (input: StepInput): Promise<void> => {
      const copy = await copyToCheck(registry.em.fork(), input);
      if (!copy) return;
      await readThrough(deps, input.tenantId, copy, Context.current().cancellationSignal);
      await noteChecked(ledger, input, copy.id);
    },

    'backup.discard': async (input: StepInput): Promise<void> => {
      const backupId = await discardCopy(ledger, input);
      if (!backupId) return;
      await removeBackup({ place, tenantId: input.tenantId, backupId }).catch(async (error: unknown) => {
        if (!(error instanceof DomainError) || error.code !== 'backup_locked') throw error;
        await postponeRemoval(registry.em.fork(), backupId, error.code, lockEndOf(error));
      });
    },

    'backup.closeKept': async (ref: RunRef): Promise<void> => {
      const kept = await closeKept(ledger, ref);
      if (kept) countBackup('made', kept);
      await passOnPlace(deps, ref);
    },
    'backup.closeTakenBack': async (ref: RunRef, reason: Reason): Promise<RunState> => {
      const outcome = await closeTakenBack(ledger, ref, reason);
      countBackup(outcome === 'cancelled' ? 'cancelled' : 'failed');
      await passOnPlace(deps, ref);
      return outcome;
    },
    'backup.closeLeft': async (ref: RunRef, reason: Reason): Promise<RunState> => {
      countBackup('failed');
      const outcome = await closeLeft(ledger, ref, reason);
      await passOnPlace(deps, ref);
      return outcome;
    },

    'backup.read': async (input: StepInput): Promise<void> => {
      const kept = await backupToRead(registry.em.fork(), input);
      await readThrough(deps, input.tenantId, kept, Context.current().cancellationSignal);
    },
    'backup.closeVerified': async (ref: RunRef, refusal: Reason | null): Promise<RunState> => {
      const outcome = await closeVerified(ledger, ref, refusal);
      countVerified(refusal === null ? 'good' : outcome === 'needs_attention' ? 'bad' : 'not_read');
      return outcome;
    },
  };
};

export type BackupActivities = ReturnType<typeof backupRuns>;
