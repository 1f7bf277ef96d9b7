import { restoreWayBackDays } from '#contracts/backups/restores.ts';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import { bumpAccessEpoch } from '../../access/epoch.ts';
import { appendEvent } from '../../events/appendEvent.ts';
import { finishFixedSteps } from '../../runs/ending/closeRun.ts';
import { moveRun, type Ledger } from '../../runs/ledger.ts';
import { offerReverse } from '../../runs/reversing.ts';
import { rows } from '../../sql.ts';
import { moveTenant } from '../../tenants/moveTenant.ts';
import { restoreOf } from './restoreRow.ts';

/**
 * The point of no return of a restore in place, in one transaction: the doors open on what was brought back, and the run has succeeded. A cancel that was
 * accepted before wins (`run_over`).
 *
 * @returns the epoch to announce; null where the doors were closed before, or an earlier attempt did it
 */
export async function closeRestore(ledger: Ledger, ref: RunRef): Promise<number | null> {
  return ledger.onRun(ref, async (em, run) => {
    if (run.state === 'succeeded') return { changed: false, result: null };
    if (runIsOver(run.state) || run.cancelRequestedAt)
      throw new DomainError('run_over', 'The run was cancelled before its end.');
    const restore = await restoreOf(em, run.id);
    await rows(em)`select 1 from tenants where id = ${ref.tenantId} for update`;
    if (restore.wasOpen) await moveTenant(em, ref.tenantId, { to: 'active', attention: false }, run.actor);
    await appendEvent(
      em,
      {
        ...{ stream: `tenant:${ref.tenantId}` as const, type: 'tenant.restored', tenantId: ref.tenantId },
        data: {
          ...{ runId: run.id, backupId: restore.backupId, beforeBackupId: restore.beforeBackupId },
          isWhole: restore.sealedChoice === null && restore.mode !== 'refill',
        },
      },
      run.actor,
    );
    await finishFixedSteps(em, run.id);
    if (run.state === 'queued') await moveRun(em, run, 'running');
    await moveRun(em, run, 'succeeded');
    if (restore.mode === 'in_place') await offerReverse(em, run.id, restoreWayBackDays);
    return { changed: true, result: restore.wasOpen ? await bumpAccessEpoch(em) : null };
  });
}
