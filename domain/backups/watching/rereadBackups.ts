import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { theSystem } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';
import { openVerification } from '../runs/openBackup.ts';

/** So many whole backups are read side by side, beside whoever works. */
const atOnce = 2;
/** Where the place did not let us read, or the reading was cancelled, it is tried again after this. */
const againHours = 24;

/**
 * Opens readings of kept backups that nobody has read for `days`, those longest unread first: what lies on a disk rots, and a backup that
 * is no good has to be known while there are others.
 *
 * @returns the runs to start
 */
export async function rereadBackups(em: Sql, now: Date, days: number): Promise<string[]> {
  if (days === 0) return [];
  const due = await rows<{ id: string; tenant_id: string }>(em)`
    select b.id, b.tenant_id from backups b join tenants t on t.id = b.tenant_id and t.state in ('active', 'suspended')
    where b.state = 'kept' and b.verified_as = 'good' and b.verified_at < ${now}::timestamptz - make_interval(days => ${days}::int)
      and not exists (
        select 1 from runs r where r.tenant_id = b.tenant_id and r.kind = 'verifyBackup' and r.subject_id = b.id
          and r.created_at > ${now}::timestamptz - make_interval(hours => ${againHours}::int))
    order by b.verified_at limit greatest(0, ${atOnce}::int - (
      select count(*)::int from runs where kind = 'verifyBackup'
        and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')))`;
  const runIds: string[] = [];
  for (const { id, tenant_id: tenantId } of due) {
    const opened = await em
      .transactional((tx) => openVerification(tx, { tenantId, backupId: id }, theSystem))
      .catch((error: unknown) => {
        // Somebody reads it already, or it went meanwhile.
        if (error instanceof DomainError) return null;
        throw error;
      });
    if (opened) runIds.push(opened.runId);
  }
  return runIds;
}

/** For how long the kept backup that is longest unread was not read, in seconds; 0 when none is kept. */
export async function longestUnread(em: Sql, now: Date): Promise<number> {
  const [found] = await rows<{ seconds: number | null }>(em)`
    select extract(epoch from ${now}::timestamptz - min(verified_at))::float8 as seconds from backups
    where state = 'kept' and verified_as = 'good'`;
  return Math.max(0, found?.seconds ?? 0);
}
