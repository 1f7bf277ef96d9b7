import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { LegalHold } from '#contracts/offboarding/offboarding.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { isoOf } from '../isoOf.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { rows } from '../sql.ts';
import { refuseUnknownTenant } from './offboardingRow.ts';

const contextOf = (id: string): string => `legal-hold/${id}`;

/** Of a tenant, or of one of its backups: either forbids the erasure; the latter keeps only that backup from what removes old ones. */
export interface HeldThing {
  tenantId: string;
  backupId: string | null;
}

/**
 * Forbids that a tenant is erased, until it is lifted; everything else goes on. The tenant's key must have been read before the
 * transaction. Refuses with `not_found`, `tenant_erased`, `legal_hold_open`.
 */
export const setLegalHold = (
  em: Sql,
  keys: TenantKeys,
  tenantId: string,
  reason: string,
  actor: Actor,
): Promise<string> => setHold(em, keys, { tenantId, backupId: null }, reason, actor);

/** {@link setLegalHold}, of one backup; the caller has seen to it that it is there and stays meanwhile. */
export async function setHold(
  em: Sql,
  keys: TenantKeys,
  { tenantId, backupId }: HeldThing,
  reason: string,
  actor: Actor,
): Promise<string> {
  const [tenant] = await rows<{ state: string }>(em)`select state from tenants where id = ${tenantId} for update`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  if (tenant.state === 'erased' || tenant.state === 'rolled_back' || (await isBeingErased(em, tenantId)))
    throw new DomainError('tenant_erased', 'The erasure of this tenant has begun; a hold comes too late.');
  const id = newId();
  const sealed = await keys.sealFor(tenantId, reason, contextOf(id));
  const set = await rows(em)`
    insert into legal_holds (id, tenant_id, backup_id, sealed_reason, set_by)
    values (${id}, ${tenantId}, ${backupId}, ${sealed}, ${actor.userId})
    on conflict do nothing returning id`;
  if (set.length === 0)
    throw new DomainError('legal_hold_open', `A legal hold is set on this ${backupId ? 'backup' : 'tenant'} already.`);
  await tell(em, { tenantId, backupId }, id, 'set', actor);
  return id;
}

/** Asked in a statement after the one that locked the tenant's row: that one may have waited, and sees what was there before. */
async function isBeingErased(em: Sql, tenantId: string): Promise<boolean> {
  const found = await rows(em)`
    select 1 from runs where tenant_id = ${tenantId} and kind = 'deprovisionTenant'
      and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')
    union all select 1 from offboardings where tenant_id = ${tenantId} and erasing_at is not null`;
  return found.length > 0;
}

/** Lifts the one of the tenant. Refuses with `not_found`. Returns the workflow that may wait for it; null when none does. */
export const liftLegalHold = (em: Sql, tenantId: string, actor: Actor): Promise<string | null> =>
  liftHold(em, { tenantId, backupId: null }, actor);

/** {@link liftLegalHold}, of one backup. */
export async function liftHold(em: Sql, { tenantId, backupId }: HeldThing, actor: Actor): Promise<string | null> {
  const [lifted] = await rows<{ id: string }>(em)`
    update legal_holds set lifted_at = clock_timestamp(), lifted_by = ${actor.userId}
    where tenant_id = ${tenantId} and backup_id is not distinct from ${backupId}::uuid and lifted_at is null returning id`;
  if (!lifted) throw new DomainError('not_found', `No legal hold is set on this ${backupId ? 'backup' : 'tenant'}.`);
  await tell(em, { tenantId, backupId }, lifted.id, 'lifted', actor);
  const [waiting] = await rows<{ workflow_id: string }>(em)`
    select workflow_id from runs where tenant_id = ${tenantId} and held_by = 'legal_hold'`;
  return waiting?.workflow_id ?? null;
}

/** Refuses with `legal_hold` while one is set on the tenant or on one of its backups. The caller holds the tenant's row. */
export async function refuseHeldTenant(em: Sql, tenantId: string): Promise<void> {
  const held = await rows(em)`select 1 from legal_holds where tenant_id = ${tenantId} and lifted_at is null`;
  if (held.length > 0)
    throw new DomainError(
      'legal_hold',
      'A legal hold forbids that this tenant is erased. Whoever may, lifts it first.',
    );
}

/** Those of the tenant and of its backups, or of one backup; the newest first. Refuses with `not_found`. */
export async function listLegalHolds(
  em: Sql,
  keys: TenantKeys,
  tenantId: string,
  backupId: string | null = null,
): Promise<LegalHold[]> {
  await refuseUnknownTenant(em, tenantId);
  const found = await rows<{
    id: string;
    backup_id: string | null;
    sealed_reason: Buffer | null;
    set_by: string | null;
    set_at: string;
    lifted_by: string | null;
    lifted_at: string | null;
  }>(em)`
    select h.id, h.backup_id, h.sealed_reason, s.email as set_by, h.set_at, l.email as lifted_by, h.lifted_at
    from legal_holds h left join users s on s.id = h.set_by and s.tenant_id is null
    left join users l on l.id = h.lifted_by and l.tenant_id is null
    where h.tenant_id = ${tenantId} and (${backupId}::uuid is null or h.backup_id = ${backupId}::uuid) order by h.set_at desc`;
  const hasKey = (await keys.find(tenantId)) !== null;
  return Promise.all(
    found.map(async ({ id, backup_id, sealed_reason, set_by, set_at, lifted_by, lifted_at }) => ({
      id,
      backupId: backup_id,
      reason: hasKey && sealed_reason ? await keys.unsealFor(tenantId, sealed_reason, contextOf(id)) : null,
      setBy: set_by,
      setAt: isoOf(set_at),
      liftedBy: lifted_by,
      liftedAt: lifted_at && isoOf(lifted_at),
    })),
  );
}

const tell = (
  em: Sql,
  { tenantId, backupId }: HeldThing,
  holdId: string,
  what: 'set' | 'lifted',
  actor: Actor,
): Promise<void> =>
  appendEvent(
    em,
    {
      stream: backupId ? `backup:${backupId}` : `tenant:${tenantId}`,
      type: `legal_hold.${what}`,
      tenantId,
      target: { kind: 'legal_hold', id: holdId },
      ...(backupId ? { data: { backupId } } : {}),
    },
    actor,
  );
