import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/**
 * After its workflow was ended by hand: nothing goes on by itself, and what was not done yet is offered to be tried again. Tenants that
 * were under way end by their own runs.
 */
export async function abandonImport(em: Sql, runId: string): Promise<void> {
  await rows(em)`
    update imports set finished_at = now(), check_token = null, state = case
      when state in ('checking', 'ready') then 'cancelled'
      when exists (select 1 from import_lines l where l.import_id = imports.id and l.state in ('valid', 'creating', 'failed')) then 'incomplete'
      else 'done' end
    where run_id = ${runId} and finished_at is null`;
}
