import { theSystem } from '../../events/appendEvent.ts';
import type { Sql } from '../../database.ts';
import { requestCancel } from '../../runs/ending/cancelRun.ts';
import { DomainError } from '#contracts/errors.ts';
import { rows } from '../../sql.ts';

/**
 * At the erasure of a tenant: from now on none of its backups counts, and none is made. What makes or reads one now is asked to stop.
 *
 * @returns the ids of all backups that may lie in the place, and how many runs are to be waited for
 */
export async function markErased(em: Sql, tenantId: string): Promise<{ backupIds: string[]; open: number }> {
  const open = await rows<{ id: string }>(em)`
    select id from runs where tenant_id = ${tenantId} and kind in ('backupTenant', 'verifyBackup')
      and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`;
  for (const { id } of open)
    await requestCancel(em, id, theSystem).catch((error: unknown) => {
      if (!(error instanceof DomainError)) throw error; // it is on its way to its end
    });
  await rows(em)`
    update backups set state = 'removing', removed_because = 'erasure', remove_at = now() + interval '1 minute'
    where tenant_id = ${tenantId} and state in ('kept', 'discarded')`;
  await rows(em)`update tenant_backups set last_id = null, last_at = null, alarm = null where tenant_id = ${tenantId}`;
  const backups = await rows<{ id: string }>(em)`
    select id from backups where tenant_id = ${tenantId} and state <> 'removed'`;
  return { backupIds: backups.map(({ id }) => id), open: open.length };
}
