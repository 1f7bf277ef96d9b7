import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';
import { lockRun, type LockedRun } from '../ledger.ts';

/**
 * Accepts the wish to cancel: once written, the doors cannot open any more. Delivering it to the workflow comes after the
 * commit and is repeated by the reconciler. Asking twice is asking once. Refuses with `not_found`, `run_not_cancellable`.
 */
export async function requestCancel(em: Sql, runId: string, actor: Actor): Promise<LockedRun> {
  const run = await lockRun(em, runId);
  if (runIsOver(run.state)) throw new DomainError('run_not_cancellable', `The run has ended (${run.state}).`);
  const asked = await rows(em)`
    update runs set cancel_requested_at = now(), cancel_requested_by = ${actor.userId}, version = version + 1
    where id = ${runId} and cancellable and cancel_requested_at is null and state <> 'rolling_back' returning id`;
  if (asked.length > 0) {
    await appendEvent(em, { stream: `run:${runId}`, type: 'run.cancel_requested', tenantId: run.tenantId }, actor);
    run.version += 1;
  } else if (!run.cancelRequestedAt) {
    const why =
      run.state === 'rolling_back'
        ? 'The run is being rolled back already.'
        : run.kind === 'renewLicense'
          ? 'It is paid; it goes on until the licence is delivered.'
          : 'A removal cannot be cancelled.';
    throw new DomainError('run_not_cancellable', why);
  }
  return run;
}
