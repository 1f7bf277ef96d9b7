import { DomainError } from '#contracts/errors.ts';
import type { OwnershipChange, OwnershipChanges } from '#contracts/life/ownership.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { Sql } from '../database.ts';
import { isoOf } from '../isoOf.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { rows } from '../sql.ts';
import { openConcerned, type OwnershipRow } from './ownershipRow.ts';

const shown = 50;

type Row = OwnershipRow & {
  asked_at: string;
  asked_by: string | null;
  ended_at: string | null;
  reverse_of_run: string | null;
  run_state: RunState;
  may_cancel: boolean;
  may_reverse: boolean;
};

/** Who was to own a tenant, and what came of it, newest first. Refuses with `not_found`. */
export async function viewOwnershipChanges(
  em: Sql,
  keys: TenantKeys,
  tenantId: string,
  concerning: string | null = null,
): Promise<OwnershipChanges> {
  const [tenant] = await rows(em)`select 1 from tenants where id = ${tenantId}`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  const found = await rows<Row>(em)`
    select c.*, u.email as asked_by, r.state as run_state, r.reverse_of as reverse_of_run,
      r.cancellable and r.cancel_requested_at is null as may_cancel,
      coalesce(r.reversible_until > now(), false) and not exists (
        select 1 from runs other where other.reverse_of = r.id
          and other.state not in ('rolled_back', 'cancelled', 'needs_attention')) as may_reverse
    from ownership_changes c join runs r on r.id = c.run_id
    left join users u on u.id = c.asked_by and u.tenant_id is null
    where c.tenant_id = ${tenantId} and (${concerning}::uuid is null or ${concerning}::uuid in (c.to_member, c.from_member))
    order by c.asked_at desc, c.id desc limit ${shown}`;
  const items: OwnershipChange[] = [];
  for (const row of found) {
    const people = await openConcerned(keys, row);
    items.push({
      id: row.id,
      runId: row.run_id,
      state: row.state,
      to: people?.to ?? null,
      from: people?.from ?? null,
      oldStaysAdmin: row.old_stays_admin,
      needsConfirmation: row.needs_confirmation,
      askedAt: isoOf(row.asked_at),
      askedBy: row.asked_by,
      expiresAt: row.expires_at && isoOf(row.expires_at),
      consentedAt: row.consented_at && isoOf(row.consented_at),
      confirmedAt: row.confirmed_at && isoOf(row.confirmed_at),
      endedAt: row.ended_at && isoOf(row.ended_at),
      reverseOf: row.reverse_of_run,
      may: {
        cancel: row.may_cancel && !runIsOver(row.run_state) && row.run_state !== 'rolling_back',
        reverse: row.may_reverse,
      },
    });
  }
  return { items };
}

/** For somebody of the tenant: what they are asked or were, and everything an administrator. */
export const changesConcerning = (
  em: Sql,
  keys: TenantKeys,
  tenantId: string,
  { userId, isAdmin }: { userId: string; isAdmin: boolean },
): Promise<OwnershipChanges> => viewOwnershipChanges(em, keys, tenantId, isAdmin ? null : userId);
