import type { RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { json, rows } from '../sql.ts';
import { countRegistry, eraseRegistry, type Counts } from './registryStores.ts';

export type Cause = 'offboarding' | 'removal';

/** What there is of a tenant outside the registry, as it was just counted, joined by what the registry counts itself. */
async function withRegistry(em: Sql, tenantId: string, outside: Counts): Promise<Counts> {
  const [key] = await rows<{ count: number }>(em)`
    select count(*)::int as count from tenant_keys where tenant_id = ${tenantId} and wrapped is not null`;
  const [place] = await rows<{ count: number }>(em)`
    select count(*)::int as count from tenant_exports where tenant_id = ${tenantId} and removed_at is null`;
  const [kept] = await rows<{ count: number }>(em)`
    select count(*)::int as count from backups where tenant_id = ${tenantId} and state <> 'removed'`;
  return {
    ...outside,
    exports: { exports: place?.count ?? 0 },
    backups: { backups: kept?.count ?? 0 },
    registry: await countRegistry(em, tenantId),
    key: { keys: key?.count ?? 0 },
  };
}

/**
 * Writes down how much there is before the first thing goes, once: an erasure that is completed by a second run tells of the state before
 * the first.
 */
export async function noteBefore(em: Sql, ref: RunRef, cause: Cause, outside: Counts): Promise<void> {
  const counts = await withRegistry(em, ref.tenantId, outside);
  await rows(em)`
    insert into erasures (tenant_id, run_id, cause, counts_before)
    values (${ref.tenantId}, ${ref.runId}, ${cause}, ${json(counts)}::jsonb)
    on conflict (tenant_id) do nothing`;
}

/** What was counted outside once everything was removed. */
export async function noteAfter(em: Sql, tenantId: string, outside: Counts): Promise<void> {
  await rows(em)`update erasures set counts_after = ${json(outside)}::jsonb where tenant_id = ${tenantId}`;
}

/**
 * The registry's own part, in the transaction in which the tenant becomes `erased`: what is personal goes, and what is left is counted
 * by looking. Nothing to do for a tenant whose removal counted nothing (a removal from before there were certificates).
 *
 * @returns whether there is something to be certified
 */
export async function eraseInRegistry(em: Sql, tenantId: string): Promise<boolean> {
  await eraseRegistry(em, tenantId);
  const [erasure] = await rows<{ after: Counts | null }>(em)`
    select counts_after as after from erasures where tenant_id = ${tenantId} and erased_at is null for update`;
  if (!erasure) return false;
  const after = await withRegistry(em, tenantId, erasure.after ?? {});
  await rows(em)`
    update erasures set counts_after = ${json(after)}::jsonb, erased_at = clock_timestamp() where tenant_id = ${tenantId}`;
  return true;
}
