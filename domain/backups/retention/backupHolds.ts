import { DomainError } from '#contracts/errors.ts';
import type { LegalHold } from '#contracts/offboarding/offboarding.ts';
import type { Sql } from '../../database.ts';
import type { Actor } from '../../events/appendEvent.ts';
import { liftHold, listLegalHolds, setHold } from '../../offboarding/legalHolds.ts';
import type { TenantKeys } from '../../secrets/tenantKeys.ts';
import { rows } from '../../sql.ts';

interface OfBackup {
  tenantId: string;
  backupId: string;
}

/**
 * Keeps one backup, whatever rules, days and people say, until the hold is lifted; its tenant cannot be erased meanwhile. The tenant's key must have been
 * read before the transaction. Refuses with `not_found`, `backup_not_found` when it is not kept any more, `tenant_erased`, `legal_hold_open`.
 */
export async function setHoldOnBackup(
  em: Sql,
  keys: TenantKeys,
  { tenantId, backupId }: OfBackup,
  reason: string,
  actor: Actor,
): Promise<string> {
  // In the order of what removes old backups: the tenant's row first. What it has marked is about to lose files, and comes too late.
  await rows(em)`select 1 from tenants where id = ${tenantId} for update`;
  const [backup] = await rows<{ state: string }>(em)`
    select state from backups where id = ${backupId} and tenant_id = ${tenantId} for update`;
  if (!backup) throw noSuchBackup();
  if (backup.state !== 'kept')
    throw new DomainError('backup_not_found', 'This backup is not kept any more: there is nothing to hold.');
  return setHold(em, keys, { tenantId, backupId }, reason, actor);
}

/** Refuses with `not_found`. Returns the workflow that may wait for it; null when none does. */
export const liftHoldOnBackup = (em: Sql, of: OfBackup, actor: Actor): Promise<string | null> =>
  liftHold(em, of, actor);

/** The newest first. Refuses with `not_found`. */
export async function listHoldsOnBackup(
  em: Sql,
  keys: TenantKeys,
  { tenantId, backupId }: OfBackup,
): Promise<LegalHold[]> {
  const found = await rows(em)`select 1 from backups where id = ${backupId} and tenant_id = ${tenantId}`;
  if (found.length === 0) throw noSuchBackup();
  return listLegalHolds(em, keys, tenantId, backupId);
}

const noSuchBackup = (): DomainError => new DomainError('not_found', 'There is no such backup of this tenant.');
