import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/** What a rename that came to nothing had kept; one that the tenant had before stays what it was. */
export const releaseReserved = (em: Sql, runId: string): Promise<unknown> =>
  rows(em)`
    update tenant_addresses set reserved_by = null,
      state = case when held_until is null then 'released' else state end,
      released_at = case when held_until is null then now() end
    where reserved_by = ${runId} and state <> 'current'`;
