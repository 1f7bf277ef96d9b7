import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { NewTenant, TenantPlan } from '#contracts/tenants.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { seal, unseal, type Keyring } from '../secrets/keyring.ts';
import { json, rows } from '../sql.ts';
import type { PlannedRegistration } from './planRegistration.ts';
import { hashOf, type ShownPlan } from './showPlan.ts';

const validMinutes = 15;

export interface StoredPlan {
  id: string;
  tenantId: string;
  resourceIds: Record<string, string>;
  wanted: NewTenant;
  shown: ShownPlan;
  hash: string;
  hasExpired: boolean;
  appliedRunId: string | null;
}

/**
 * Keeps what was shown until it is applied or expires; sealed, since what is wanted names people. A plan that is made anew keeps
 * its id and those of what it would make.
 */
export async function storePlan(
  em: Sql,
  keyring: Keyring,
  plan: { before: StoredPlan | null; planned: PlannedRegistration; wanted: NewTenant; shown: ShownPlan },
  actor: Actor,
): Promise<TenantPlan> {
  const { before, planned, wanted, shown } = plan;
  const id = before?.id ?? newId();
  const hash = hashOf(shown);
  const sealed = seal(keyring.platformKey, Buffer.from(json({ wanted, shown })), contextOf(id));
  const [stored] = await rows<{ expires_at: Date }>(em)`
    insert into tenant_plans as plan (id, tenant_id, resource_ids, sealed, hash, actor_id, expires_at)
    values (${id}, ${planned.tenantId}, ${json(planned.resourceIds)}::jsonb, ${sealed}, ${hash}, ${actor.userId}::uuid,
            now() + make_interval(mins => ${validMinutes}::int))
    on conflict (id) do update set resource_ids = excluded.resource_ids, sealed = excluded.sealed, hash = excluded.hash,
      expires_at = excluded.expires_at where plan.applied_run_id is null
    returning expires_at`;
  if (!stored) throw noSuchPlan(); // It was applied in this moment.
  return { ...shown, planId: id, hash, expiresAt: new Date(stored.expires_at).toISOString() };
}

/** Refuses with `not_found`, also for what another person planned. */
export async function findPlan(em: Sql, keyring: Keyring, id: string, actor: Actor): Promise<StoredPlan> {
  const [row] = await rows<{
    tenant_id: string;
    resource_ids: Record<string, string>;
    sealed: Buffer;
    hash: string;
    has_expired: boolean;
    applied_run_id: string | null;
  }>(em)`
    select tenant_id, resource_ids, sealed, hash, expires_at <= now() as has_expired, applied_run_id from tenant_plans
    where id = ${id} and actor_id is not distinct from ${actor.userId}::uuid`;
  if (!row) throw noSuchPlan();
  const opened = unseal(keyring.platformKey, row.sealed, contextOf(id)).toString();
  return {
    ...(JSON.parse(opened) as Pick<StoredPlan, 'wanted' | 'shown'>),
    id,
    tenantId: row.tenant_id,
    resourceIds: row.resource_ids,
    hash: row.hash,
    hasExpired: row.has_expired,
    appliedRunId: row.applied_run_id,
  };
}

const contextOf = (id: string): string => `tenant_plan/${id}`;
const noSuchPlan = (): DomainError =>
  new DomainError('not_found', 'There is no such plan of yours; it may have been cleared away. Plan again.');

/** Those that nobody can apply any more, and those whose answer nobody asks for again. */
export async function purgePlans(em: Sql): Promise<number> {
  const purged = await rows(em)`
    delete from tenant_plans
    where expires_at < now() - case when applied_run_id is null then interval '1 hour' else interval '1 day' end
    returning id`;
  return purged.length;
}
