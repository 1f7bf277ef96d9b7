import type { RestorableBackup, Restore } from '#contracts/backups/restores.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';
import { refuseUnknown } from '../../tenants/refuseUnknown.ts';

const shown = 50;

interface Row extends Omit<Restore, 'isWhole'> {
  isWhole: boolean;
}

/** What was restored from a tenant's backups, in place and beside, the newest first. Refuses with `not_found`. */
export async function listRestores(em: Sql, tenantId: string): Promise<Restore[]> {
  await refuseUnknown(em, tenantId);
  const found = await rows<Row>(em)`
    select s.run_id as "runId", s.mode, s.tenant_id as "tenantId", s.backup_id as "backupId", b.at, s.sealed_choice is null as "isWhole",
      r.state, s.created_at as "startedAt", r.finished_at as "finishedAt", s.before_backup_id as "beforeBackupId",
      r.reverse_of as "reverseOf", s.outcome,
      case when r.state = 'succeeded' and r.reversible_until > now() and not exists (
        select 1 from runs other where other.reverse_of = r.id and other.state = 'succeeded') then r.reversible_until end as "wayBackUntil"
    from restores s join runs r on r.id = s.run_id join backups b on b.id = s.backup_id
    where s.source_tenant_id = ${tenantId} order by s.created_at desc limit ${shown}`;
  return found.map((row) => ({
    ...row,
    at: row.at && isoOf(row.at),
    startedAt: isoOf(row.startedAt),
    finishedAt: row.finishedAt && isoOf(row.finishedAt),
    wayBackUntil: row.wayBackUntil && isoOf(row.wayBackUntil),
  }));
}

/** What of a tenant can be restored, the newest first. */
export async function listRestorable(em: Sql, tenantId: string): Promise<RestorableBackup[]> {
  const found = await rows<
    Omit<RestorableBackup, 'rows' | 'objects' | 'bytes'> & Record<'rows' | 'objects' | 'bytes', string>
  >(em)`
    select id, at, verified_as as verified, proven_at as "provenAt", coalesce(rows, 0)::text as rows,
      coalesce(objects, 0)::text as objects, coalesce(bytes, 0)::text as bytes
    from backups where tenant_id = ${tenantId} and state = 'kept' order by at desc limit 200`;
  return found.map((row) => ({
    ...row,
    at: isoOf(row.at),
    provenAt: row.provenAt && isoOf(row.provenAt),
    ...{ rows: Number(row.rows), objects: Number(row.objects), bytes: Number(row.bytes) },
  }));
}
