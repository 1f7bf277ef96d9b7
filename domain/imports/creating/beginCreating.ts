import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import { lockRun, moveRun, type LockedRun } from '../../runs/ledger.ts';
import { json, rows } from '../../sql.ts';
import { lockImport } from '../importRow.ts';

/** From now on tenants are made of the lines that are right. */
export async function beginCreating(em: Sql, run: LockedRun, importId: string, actor: Actor): Promise<void> {
  await rows(em)`
    update imports set state = 'creating', started_at = coalesce(started_at, now()), started_by = ${actor.userId}, expires_at = null,
      finished_at = null
    where id = ${importId}`;
  await rows(em)`
    insert into run_progress (run_id, total)
    select ${run.id}, count(*)::integer from import_lines where import_id = ${importId} and state in ('valid', 'creating')
    on conflict (run_id) do update set done = 0, found = 0, skipped = ${json([])}::jsonb, total = excluded.total, per_second = null,
      place = null, updated_at = now()`;
  await rows(em)`
    update run_steps set state = 'running', attempt = 1, started_at = now()
    where run_id = ${run.id} and act = 'import.create' and state in ('pending', 'waiting')`;
  if (run.state !== 'running') await moveRun(em, run, 'running');
  await appendEvent(em, { stream: `import:${importId}`, type: 'import.started', tenantId: null }, actor);
}

/**
 * Starts what was checked and waits. Refuses with `not_found`, `import_not_ready`, `import_has_invalid_lines`, `import_nothing_to_do`.
 *
 * @returns the run, to be woken
 */
export async function startImport(
  em: Sql,
  importId: string,
  { skipInvalid }: { skipInvalid: boolean },
  actor: Actor,
): Promise<{ runId: string; version: number; workflowId: string }> {
  // The run's row first, as its workflow's activities take them: two who hold one each would wait for each other.
  const [found] = await rows<{ runId: string | null }>(
    em,
  )`select run_id as "runId" from imports where id = ${importId}`;
  if (!found) throw new DomainError('not_found', 'There is no such import.');
  if (!found.runId) throw new DomainError('import_not_ready', 'The file is still being received.');
  const run = await lockRun(em, found.runId);
  const file = await lockImport(em, importId);
  if (file.state !== 'ready' || run.cancelRequestedAt)
    throw new DomainError(
      'import_not_ready',
      `This import is ${file.state}; only one that was checked and waits can be started.`,
    );
  const [counted] = await rows<{ invalid: number; valid: number }>(em)`
    select count(*) filter (where state = 'invalid')::integer as invalid, count(*) filter (where state = 'valid')::integer as valid
    from import_lines where import_id = ${importId}`;
  const { invalid = 0, valid = 0 } = counted ?? {};
  if (invalid > 0 && !skipInvalid)
    throw new DomainError(
      'import_has_invalid_lines',
      `${invalid} lines are wrong. Mend the file, or say that they are left out.`,
      {
        extra: { invalid },
      },
    );
  if (valid === 0)
    throw new DomainError('import_nothing_to_do', 'No line of this file asks for a tenant that is not there.');
  await rows(em)`update imports set skips_invalid = ${skipInvalid} where id = ${importId}`;
  await beginCreating(em, run, importId, actor);
  const [row] = await rows<{ version: number; workflowId: string }>(em)`
    update runs set version = version + 1 where id = ${run.id} returning version, workflow_id as "workflowId"`;
  return { runId: run.id, version: row?.version ?? run.version, workflowId: row?.workflowId ?? '' };
}
