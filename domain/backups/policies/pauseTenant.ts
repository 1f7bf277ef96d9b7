import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';

/**
 * A tenant is not backed up by the clock any more, until it is resumed. Pausing again tells another reason. Refuses with `not_found`,
 * `tenant_erased`.
 */
export async function pauseTenantBackups(em: Sql, tenantId: string, reason: string, actor: Actor): Promise<void> {
  await lockTenant(em, tenantId);
  await rows(em)`
    insert into tenant_backups (tenant_id, paused_at, paused_by, pause_reason)
    values (${tenantId}, now(), ${actor.userId}, ${reason})
    on conflict (tenant_id) do update set
      paused_at = coalesce(tenant_backups.paused_at, now()), paused_by = excluded.paused_by, pause_reason = excluded.pause_reason`;
  await tell(em, tenantId, 'paused', actor);
}

/** Refuses with `not_found`, `tenant_erased`. */
export async function resumeTenantBackups(em: Sql, tenantId: string, actor: Actor): Promise<void> {
  await lockTenant(em, tenantId);
  const resumed = await rows(em)`
    update tenant_backups set paused_at = null, paused_by = null, pause_reason = null
    where tenant_id = ${tenantId} and paused_at is not null returning 1`;
  if (resumed.length > 0) await tell(em, tenantId, 'resumed', actor);
}

async function lockTenant(em: Sql, tenantId: string): Promise<void> {
  const [tenant] = await rows<{ state: string }>(em)`select state from tenants where id = ${tenantId} for update`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  if (tenant.state === 'erased' || tenant.state === 'rolled_back')
    throw new DomainError('tenant_erased', 'Nothing is left of this tenant.');
}

const tell = (em: Sql, tenantId: string, what: 'paused' | 'resumed', actor: Actor): Promise<void> =>
  appendEvent(em, { stream: `tenant:${tenantId}`, type: `tenant.backups_${what}`, tenantId }, actor);
