import { DomainError } from '#contracts/errors.ts';
import { listKeys } from '#domain/audit/signingKeys.ts';
import { KeyBook } from '#domain/audit/statements.ts';
import { verifyBackup } from '#domain/backups/format/verifyBackup.ts';
import { digestOf } from '#domain/backups/runs/copying.ts';
import type { Deps } from '../deps.ts';

/**
 * Reads a whole backup again: signature, tenant, key, every digest and row; and that it is the very one that was written, not another that is
 * as well signed. Refuses as `verifyBackup` does, and with `backup_forged` where it is another.
 */
export async function readThrough(
  { registry, tenantKeys, backupPlace }: Pick<Deps, 'registry' | 'tenantKeys' | 'backupPlace'>,
  tenantId: string,
  { id: backupId, digest }: { id: string; digest: Buffer },
  signal: AbortSignal,
): Promise<void> {
  const keys = new KeyBook(await listKeys(registry.em.fork()));
  const target = { place: backupPlace, key: await tenantKeys.of(tenantId), tenantId, backupId };
  const { manifest } = await verifyBackup(target, { keys, signal });
  if (!digestOf(manifest).equals(digest))
    throw new DomainError('backup_forged', 'The backup is signed, but it is not the one that was written.');
}
