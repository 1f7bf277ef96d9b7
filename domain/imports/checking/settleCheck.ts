import type { ImportProblem } from '#contracts/imports/imports.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { PlatformRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import { appendEvent } from '../../events/appendEvent.ts';
import { moveRun, type Ledger, type LockedRun } from '../../runs/ledger.ts';
import { closePlatformRun } from '../../runs/platformRun.ts';
import { json, rows } from '../../sql.ts';
import { beginCreating } from '../creating/beginCreating.ts';
import { lockImport, type ImportRow } from '../importRow.ts';
import { compareLines } from './compareLines.ts';

/** For so long a checked file waits to be started; it holds people's addresses. */
export const waitsForDays = 7;

/**
 * The end of a check, in one transaction: what the lines have in common with each other and with the registry, and what comes next. The
 * file itself is not needed any more and goes.
 */
export async function settleCheck(
  ledger: Ledger,
  ref: PlatformRef,
  { importId, token, problems }: { importId: string; token: string; problems: ImportProblem[] },
): Promise<void> {
  await ledger.onRun(ref, async (em, run) => {
    const file = await lockImport(em, importId);
    if (runIsOver(run.state) || file.checkToken !== token || file.state !== 'checking')
      return { changed: false, result: undefined };
    await compareLines(em, importId);
    const [counted] = await rows<{ lines: number; invalid: number; valid: number }>(em)`
      select count(*)::integer as lines, count(*) filter (where state = 'invalid')::integer as invalid,
             count(*) filter (where state = 'valid')::integer as valid
      from import_lines where import_id = ${importId}`;
    const { lines = 0, invalid = 0, valid = 0 } = counted ?? {};
    await rows(em)`delete from import_chunks where import_id = ${importId}`;
    await rows(em)`
      update imports set checked_at = now(), line_count = ${lines}, problems = ${json(problems)}::jsonb, check_token = null
      where id = ${importId}`;
    await rows(em)`
      update run_steps set state = 'done', finished_at = now(), title = ${`Check every line: ${lines} read, ${invalid} wrong`}
      where run_id = ${run.id} and act = 'import.check' and state = 'running'`;
    await appendEvent(
      em,
      {
        stream: `import:${importId}`,
        type: 'import.checked',
        tenantId: null,
        data: { lines, invalid, valid, problems: problems.map(({ code }) => code) },
      },
      run.actor,
    );
    await goOn(em, run, file, { isReadable: problems.length === 0, invalid });
    return { changed: true, result: undefined };
  });
}

async function goOn(
  em: Sql,
  run: LockedRun,
  file: ImportRow,
  { isReadable, invalid }: { isReadable: boolean; invalid: number },
): Promise<void> {
  if (!isReadable) return refuse(em, run, file.id);
  if (file.options.dryRun) {
    await rows(em)`update imports set state = 'checked', finished_at = now() where id = ${file.id}`;
    await closePlatformRun(em, run);
    return;
  }
  if (file.options.startWhenValid && invalid === 0) return beginCreating(em, run, file.id, run.actor);
  await rows(em)`
    update imports set state = 'ready', expires_at = now() + make_interval(days => ${waitsForDays}::int) where id = ${file.id}`;
  if (run.state === 'running') await moveRun(em, run, 'waiting');
}

/** Nothing was made of a file that could not be read, so its run ends as what left nothing behind. */
async function refuse(em: Sql, run: LockedRun, importId: string): Promise<void> {
  await rows(em)`update imports set state = 'refused', finished_at = now() where id = ${importId}`;
  await rows(em)`
    update run_steps set state = 'skipped', finished_at = now() where run_id = ${run.id} and state = 'pending'`;
  const reason = { code: 'file_refused', text: 'The file cannot be read as it is. The import tells why.' };
  await moveRun(em, run, 'rolling_back', reason);
  await moveRun(em, run, 'rolled_back', reason);
}
