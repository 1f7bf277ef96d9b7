import type { Sql } from '../database.ts';
import { theSystem } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { endAccess, tellOfAccess, type AccessRow } from './accessRow.ts';

const atOnce = 100;

/**
 * Writes down that time has ended what it has ended. Nothing depends on it: every question about an access looks at the clock. Returns
 * the epoch to announce, if somebody acted by one.
 */
export async function closeOverdue(
  em: Sql,
  { tenantId = null, personId = null }: { tenantId?: string | null; personId?: string | null } = {},
): Promise<number | null> {
  return em.transactional(async (tx) => {
    const late = await rows<AccessRow>(tx)`
      select id, tenant_id, person_id, kind, state, minutes, sealed_acting_as from support_accesses
      where state in ('asked', 'running') and coalesce(ends_at, answer_until) <= now()
        and (${tenantId}::uuid is null or tenant_id = ${tenantId}) and (${personId}::uuid is null or person_id = ${personId})
      order by coalesce(ends_at, answer_until) limit ${atOnce} for update skip locked`;
    let epoch: number | null = null;
    for (const row of late) {
      if (row.state === 'running') {
        epoch = await endAccess(tx, row, 'time', theSystem);
        continue;
      }
      await rows(tx)`update support_accesses set state = 'expired', ended_at = now() where id = ${row.id}`;
      await tellOfAccess(tx, row, 'expired', theSystem);
    }
    return epoch;
  });
}
