import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';

export interface RestorableBackup {
  id: string;
  at: string;
  verified: 'good' | 'bad' | null;
  provenAt: string | null;
}

/** A backup of this tenant that may be restored. Held until the end of the transaction. Refuses with `backup_not_found`, `backup_damaged`. */
export async function restorableBackup(em: Sql, tenantId: string, backupId: string): Promise<RestorableBackup> {
  const [row] = await rows<{
    id: string;
    at: string;
    verified: 'good' | 'bad' | null;
    proven: string | null;
    refusal: string | null;
  }>(em)`
    select id, at, verified_as as verified, proven_at as proven, refusal from backups
    where id = ${backupId} and tenant_id = ${tenantId} and state = 'kept' for share`;
  if (!row) throw new DomainError('backup_not_found', 'This tenant has no such backup, or it is not kept any more.');
  if (row.verified === 'bad')
    throw new DomainError(
      'backup_damaged',
      `This backup was read again and is not what was written: ${row.refusal ?? 'see its verification'}`,
    );
  return { id: row.id, at: isoOf(row.at), verified: row.verified, provenAt: row.proven && isoOf(row.proven) };
}
