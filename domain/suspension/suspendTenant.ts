import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { NewSuspension } from '#contracts/life/suspension.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { rows } from '../sql.ts';
import { lockTenant, notActive, openResumption, openSuspension } from './openSuspension.ts';
import { lockOpenSuspension, reasonContext, tellOfSuspension } from './suspensionRow.ts';
import { refuseWrongTimes } from './times.ts';

export interface Suspended {
  suspensionId: string;
  /** Null where it is planned for later. */
  runId: string | null;
  epoch: number | null;
}

/**
 * Suspends a tenant now, or plans it for later. One that is planned gives way to one that begins at once. Call inside a transaction,
 * with the tenant's key read before. Refuses with `not_found`, `tenant_erased`, `tenant_not_active`, `suspension_open`,
 * `confirmation_mismatch`, `invalid_request` (times), `run_in_progress`.
 */
export async function suspendTenant(
  em: Sql,
  keys: TenantKeys,
  tenantId: string,
  wanted: NewSuspension,
  actor: Actor,
): Promise<Suspended> {
  const tenant = await lockTenant(em, tenantId);
  if (tenant.state === 'erased' || tenant.state === 'rolled_back')
    throw new DomainError('tenant_erased', 'Nothing is left of this tenant.');
  const before = await lockOpenSuspension(em, tenantId);
  if (tenant.state === 'suspended' || before?.state === 'effective')
    throw new DomainError('suspension_open', 'The tenant is suspended already.');
  if (tenant.state !== 'active') throw notActive(tenant.state);
  if (wanted.confirm !== tenant.slug)
    throw new DomainError('confirmation_mismatch', "Type the tenant's address to confirm its suspension.", {
      fields: [{ path: 'confirm', message: "must be the tenant's address" }],
    });
  await refuseWrongTimes(em, { at: wanted.at ?? null, until: wanted.until ?? null });
  if (before && wanted.at)
    throw new DomainError('suspension_open', 'A suspension is planned already: change it, or withdraw it.');
  if (before) await withdraw(em, { id: before.id, tenantId }, actor);

  const id = newId();
  const sealed = await keys.sealFor(tenantId, wanted.reason, reasonContext(id));
  await rows(em)`
    insert into suspensions (id, tenant_id, state, starts_at, ends_at, sealed_reason, notice, asked_by)
    values (${id}, ${tenantId}, 'planned', coalesce(${wanted.at ?? null}::timestamptz, now()),
            ${wanted.until ?? null}::timestamptz, ${sealed}, ${wanted.notice || null}, ${actor.userId})`;
  if (wanted.at) {
    await tellOfSuspension(em, { id, tenantId }, 'planned', actor, {
      startsAt: wanted.at,
      endsAt: wanted.until ?? null,
    });
    return { suspensionId: id, runId: null, epoch: null };
  }
  return { suspensionId: id, ...(await openSuspension(em, { id, tenantId }, actor)) };
}

/** Resumes a suspended tenant now. Refuses with `not_found`, `suspension_over`, `tenant_not_active`, `run_in_progress`. */
export async function resumeTenant(
  em: Sql,
  tenantId: string,
  actor: Actor,
): Promise<{ suspensionId: string; runId: string }> {
  const tenant = await lockTenant(em, tenantId);
  const suspension = await lockOpenSuspension(em, tenantId);
  if (tenant.state === 'active' || suspension?.state !== 'effective')
    throw new DomainError('suspension_over', 'The tenant is not suspended.');
  return { suspensionId: suspension.id, ...(await openResumption(em, suspension, actor)) };
}

/** Takes back what has not begun. Refuses with `not_found`, `suspension_over`. */
export async function withdrawSuspension(em: Sql, tenantId: string, actor: Actor): Promise<void> {
  await lockTenant(em, tenantId);
  const planned = await lockOpenSuspension(em, tenantId);
  if (planned?.state !== 'planned')
    throw new DomainError('suspension_over', 'No suspension is planned. One that has begun is ended by resuming.');
  await withdraw(em, planned, actor);
}

async function withdraw(em: Sql, of: { id: string; tenantId: string }, actor: Actor): Promise<void> {
  await rows(em)`update suspensions set state = 'withdrawn', ended_at = now() where id = ${of.id}`;
  await tellOfSuspension(em, of, 'withdrawn', actor);
}
