import type { LicenseDue } from '#contracts/licenses/dues.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';
import { findLicense } from '../licenseRow.ts';
import type { DueRow } from './dueRows.ts';

const most = 500;

/** What happened to a licence at its time, and what is still to come, the earliest first. Refuses with `not_found`. */
export async function viewDues(em: Sql, licenseId: string): Promise<LicenseDue[]> {
  await findLicense(em, licenseId);
  const found = await rows<DueRow & { state: LicenseDue['state']; why: string | null; settled_at: string | null }>(em)`
    select * from (
      select * from license_dues where license_id = ${licenseId} order by due_at desc, kind desc, days desc limit ${most}) newest
    order by due_at, kind, days`;
  return found.map(({ kind, days, due_at, ends_at, state, why, settled_at }) => ({
    kind,
    days: kind === 'reminder' ? days : null,
    dueAt: isoOf(due_at),
    endsAt: isoOf(ends_at),
    state,
    why,
    settledAt: settled_at && isoOf(settled_at),
  }));
}
