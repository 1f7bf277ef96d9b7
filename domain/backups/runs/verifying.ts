import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { PlatformRef, Reason, RunRef } from '#contracts/workflowInputs.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { moveRun, type Ledger } from '../../runs/ledger.ts';
import { rows } from '../../sql.ts';
import { closeTasks } from '../../tasks/closeTasks.ts';
import { openTask } from '../../tasks/openTask.ts';
import { settleNewest, tellOfBackup } from './backupRow.ts';

/** Refusals that tell of the place, or of us, and not of the backup that could not be read. */
const tellsNothing: ReadonlySet<string> = new Set([
  'backup_place_gone',
  'backup_place_refused',
  'backup_place_full',
  'cancelled',
  'timeout',
  'internal',
  'provider_error',
  'run_over',
]);

/** The backup that a run reads again. Refuses with `not_found` when it is not kept any more. */
export async function backupToRead(em: Sql, { runId }: PlatformRef): Promise<{ id: string; digest: Buffer }> {
  const [row] = await rows<{ id: string; digest: Buffer }>(em)`
    select b.id, b.digest from runs r join backups b on b.id = r.subject_id where r.id = ${runId} and b.state = 'kept'`;
  if (!row) throw new DomainError('not_found', 'This backup is not kept any more.');
  return row;
}

/**
 * Writes down what came of reading a backup again, and ends the run. A broken one counts for nothing any more: what could be restored is
 * the one before it, and a person is asked for.
 *
 * @param refusal why it could not be read; null when it is what was written
 */
export const closeVerified = (ledger: Ledger, ref: RunRef, refusal: Reason | null): Promise<RunState> =>
  ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: run.state };
    // A cancel that was accepted counts, however far the reading had come.
    if (run.cancelRequestedAt !== null) {
      await moveRun(em, run, 'cancelled', refusal);
      return { changed: true, result: 'cancelled' };
    }
    if (refusal !== null && tellsNothing.has(refusal.code)) {
      await moveRun(em, run, 'needs_attention', refusal);
      return { changed: true, result: 'needs_attention' };
    }
    const as = refusal === null ? 'good' : 'bad';
    const [read] = await rows<{ id: string; tenant_id: string }>(em)`
      update backups set verified_at = clock_timestamp(), verified_as = ${as}, refusal_code = ${refusal?.code ?? null},
        refusal = ${refusal?.text ?? null}
      where id = (select subject_id from runs where id = ${run.id}) and state = 'kept' returning id, tenant_id`;
    if (read) {
      await settleNewest(em, read.tenant_id);
      if (refusal === null) {
        await tellOfBackup(em, read, { type: 'backup.verified', data: { runId: run.id } }, run.actor);
        await closeTasks(em, { subjectId: read.id, kinds: ['backup_broken'] }, run.actor);
      } else {
        await tellOfBackup(em, read, { type: 'backup.broken', code: refusal.code, data: { runId: run.id } }, run.actor);
        const task = { kind: 'backup_broken', runId: run.id, tenantId: read.tenant_id, subjectId: read.id } as const;
        await openTask(em, { ...task, title: 'A backup is not what was written', reason: refusal }, run.actor);
      }
    }
    const outcome: RunState = refusal === null ? 'succeeded' : 'needs_attention';
    await moveRun(em, run, outcome, refusal);
    return { changed: true, result: outcome };
  });
