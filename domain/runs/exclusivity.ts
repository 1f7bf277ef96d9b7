import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/** PostgreSQL's word for a row that a unique index refuses. */
const uniqueViolation = '23505';

/**
 * Makes an open run the one that changes its tenant, from now on: for runs that live for weeks and change it for moments only. Call it
 * in the transaction of the step's beginning. Refuses with `run_in_progress` while another run holds the tenant; the step is tried
 * again later.
 */
export async function takeTenant(em: Sql, run: { id: string; tenantId: string }): Promise<void> {
  await refuseWhileHeld(em, run.tenantId);
  await rows(em)`update runs set exclusive = true where id = ${run.id} and not exclusive`.catch(
    (error: { code?: string }) => {
      if (error.code === uniqueViolation) throw inProgress();
      throw error;
    },
  );
}

/** Gives the tenant back: others may change it while this run waits. */
export const leaveTenant = (em: Sql, run: { id: string }): Promise<unknown> =>
  rows(em)`update runs set exclusive = false where id = ${run.id} and exclusive`;

/**
 * Until this transaction ends nobody begins to change the tenant: for short changes that are no runs of their own, as one tenant's part
 * of a fleet's. A process that dies lets go. Refuses with `run_in_progress` while a run, or another transaction of this kind, holds it.
 */
export async function holdTenant(em: Sql, tenantId: string): Promise<void> {
  const [held] = await rows<{ taken: boolean }>(em)`
    select pg_try_advisory_xact_lock(hashtextextended(${`tenant ${tenantId}`}, 0)) as taken`;
  if (!held?.taken) throw inProgress();
  const [holder] = await rows<{ id: string }>(em)`
    select id from runs where tenant_id = ${tenantId} and exclusive
      and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`;
  if (holder) throw inProgress(holder.id);
}

/**
 * The same for many at once, without refusing: those that another run or transaction holds are left out.
 *
 * @returns the ones that are held now, by this transaction
 */
export async function holdTenants(em: Sql, tenantIds: string[]): Promise<Set<string>> {
  const taken = await rows<{ id: string; taken: boolean }>(em)`
    select id, pg_try_advisory_xact_lock(hashtextextended('tenant ' || id, 0)) as taken from unnest(${tenantIds}::text[]) as id`;
  const held = taken.filter((one) => one.taken).map(({ id }) => id);
  // Asked after the locks: what began before them is seen, and nothing begins after.
  const free = await rows<{ id: string }>(em)`
    select id from unnest(${held}::text[]) as id where not exists (
      select 1 from runs where tenant_id = id::uuid and exclusive
        and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention'))`;
  return new Set(free.map(({ id }) => id));
}

/** What begins an exclusive run asks first; until its transaction ends nobody may {@link holdTenant}. */
export async function refuseWhileHeld(em: Sql, tenantId: string): Promise<void> {
  const [held] = await rows<{ taken: boolean }>(em)`
    select pg_try_advisory_xact_lock_shared(hashtextextended(${`tenant ${tenantId}`}, 0)) as taken`;
  if (!held?.taken) throw inProgress();
}

const inProgress = (runId?: string): DomainError =>
  new DomainError('run_in_progress', 'Something else is changing this tenant. Wait for its end.', {
    extra: runId === undefined ? {} : { runId },
  });
