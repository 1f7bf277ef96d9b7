import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { lockRun } from '../runs/ledger.ts';
import { rows } from '../sql.ts';
import { beginCreating } from './creating/beginCreating.ts';
import { importIsOver, lockImport, type ImportRow } from './importRow.ts';
import { createStep, inviteStep, openImportRun } from './receiveFile.ts';

/**
 * Tries the lines again that failed, and goes on with those that were left when it was cancelled: as a run of its own.
 * Refuses with `not_found`, `import_not_ready`, `import_over`, `import_nothing_to_do`.
 */
export async function retryImport(em: Sql, importId: string, actor: Actor): Promise<string> {
  const file = await lockSettled(em, importId);
  if (!file.startedAt) throw new DomainError('import_not_ready', 'This import was never started.');
  const again = await rows(em)`
    update import_lines set state = 'valid', updated_at = now()
    where import_id = ${importId} and state = 'failed' and sealed is not null returning 1`;
  const left = await rows(em)`
    select 1 from import_lines where import_id = ${importId} and state in ('valid', 'creating') limit 1`;
  if (again.length + left.length === 0)
    throw new DomainError('import_nothing_to_do', 'No line of this import is left to be tried.');
  const runId = await openImportRun(em, importId, [createStep], actor, file.runId ?? undefined);
  await rows(em)`update imports set run_id = ${runId} where id = ${importId}`;
  await beginCreating(em, await lockRun(em, runId), importId, actor);
  return runId;
}

/**
 * Writes to the administrators who were not written to yet. Refuses as {@link retryImport}.
 *
 * @returns the run that does it
 */
export async function sendInvitations(em: Sql, importId: string, actor: Actor): Promise<string> {
  const file = await lockSettled(em, importId);
  const [held] = await rows<{ count: number }>(em)`
    select count(*)::integer as count from import_lines l join tenants t on t.id = l.tenant_id
    where l.import_id = ${importId} and l.state = 'created' and t.invitation_held and t.state = 'active' and t.admin_sealed is not null`;
  if (!held?.count) throw new DomainError('import_nothing_to_do', 'Nobody of this import waits for an invitation.');
  const runId = await openImportRun(em, importId, [inviteStep], actor, file.runId ?? undefined);
  await rows(em)`update imports set run_id = ${runId}, state = 'inviting', finished_at = null where id = ${importId}`;
  await rows(em)`insert into run_progress (run_id, total) values (${runId}, ${held.count})`;
  await appendEvent(
    em,
    { stream: `import:${importId}`, type: 'import.inviting', tenantId: null, data: { count: held.count } },
    actor,
  );
  return runId;
}

async function lockSettled(em: Sql, importId: string): Promise<ImportRow> {
  const file = await lockImport(em, importId);
  if (file.clearedAt) throw new DomainError('import_over', 'What was in this file was cleared away. Send it again.');
  const [run] = await rows<{ state: RunState }>(em)`select state from runs where id = ${file.runId}`;
  if (
    (run && !runIsOver(run.state)) ||
    (!importIsOver(file.state) && file.state !== 'creating' && file.state !== 'inviting')
  )
    throw new DomainError('import_not_ready', `This import is ${file.state}. Wait for its end.`);
  return file;
}
