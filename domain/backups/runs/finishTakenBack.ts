import type { Sql } from '../../database.ts';
import { lockRun, moveRun } from '../../runs/ledger.ts';
import { rows } from '../../sql.ts';

/** What a run had left, because it could not be removed when the run was taken back, is gone. With the last of it the run is `rolled_back`. */
export async function finishTakenBack(em: Sql, runId: string, provider: string): Promise<void> {
  const known = await rows(em)`select 1 from runs where id = ${runId}`;
  if (known.length === 0) return;
  const run = await lockRun(em, runId);
  if ((run.kind !== 'backupTenant' && run.kind !== 'recoverTenant') || run.state !== 'needs_attention') return;
  const left = await rows<{ id: string; provider: string }>(em)`
    select id, provider from run_steps where run_id = ${runId} and state = 'undo_failed'`;
  const gone = left.find((step) => step.provider === provider);
  if (!gone) return;
  await rows(em)`update run_steps set state = 'undoing' where id = ${gone.id}`;
  await rows(em)`update run_steps set state = 'undone', finished_at = now() where id = ${gone.id}`;
  if (left.length === 1) await moveRun(em, run, 'rolled_back');
  await rows(em)`update runs set version = version + 1 where id = ${runId}`;
}
