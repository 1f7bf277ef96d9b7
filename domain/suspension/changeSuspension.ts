import { DomainError } from '#contracts/errors.ts';
import type { SuspensionChange } from '#contracts/life/suspension.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { isoOf } from '../isoOf.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { rows } from '../sql.ts';
import { lockTenant } from './openSuspension.ts';
import { lockOpenSuspension, reasonContext, tellOfSuspension } from './suspensionRow.ts';
import { refuseWrongTimes } from './times.ts';

/**
 * Changes when a suspension begins or ends, and what is said of it; what was not given stays. Call inside a transaction, with the
 * tenant's key read before. Refuses with `not_found`, `suspension_over`, `invalid_request`.
 */
export async function changeSuspension(
  em: Sql,
  keys: TenantKeys,
  tenantId: string,
  change: SuspensionChange,
  actor: Actor,
): Promise<void> {
  await lockTenant(em, tenantId);
  const suspension = await lockOpenSuspension(em, tenantId);
  if (!suspension) throw new DomainError('suspension_over', 'No suspension is planned, and none is in force.');
  const { id, state } = suspension;
  if (change.at !== undefined && state !== 'planned')
    throw new DomainError('suspension_over', 'The suspension has begun: only its end can be changed.');
  const startsAt = change.at ?? (state === 'planned' ? isoOf(suspension.startsAt) : null);
  const endsAt = change.until === undefined ? suspension.endsAt && isoOf(suspension.endsAt) : change.until;
  const changesTimes = change.at !== undefined || change.until !== undefined;
  // One that is due this moment must not be refused for a new notice.
  if (changesTimes) await refuseWrongTimes(em, { at: change.at ?? null, until: change.until ?? null });
  if (changesTimes && startsAt && endsAt && Date.parse(endsAt) < Date.parse(startsAt) + 60_000)
    throw new DomainError('invalid_request', 'The suspension would end before it begins.', {
      fields: [{ path: change.until ? 'until' : 'at', message: 'must leave at least a minute between' }],
    });
  const sealed = change.reason === undefined ? null : await keys.sealFor(tenantId, change.reason, reasonContext(id));
  await rows(em)`
    update suspensions set starts_at = coalesce(${change.at ?? null}::timestamptz, starts_at), ends_at = ${endsAt}::timestamptz,
      notice = case when ${change.notice !== undefined} then ${change.notice || null} else notice end,
      sealed_reason = coalesce(${sealed}::bytea, sealed_reason), why = null, try_after = null
    where id = ${id}`;
  await tellOfSuspension(em, { id, tenantId }, 'changed', actor, {
    fields: Object.keys(change),
    ...(changesTimes ? { startsAt, endsAt } : {}),
  });
}
