import type { Recovery, RecoveryMode } from '#contracts/recovery/recoveries.ts';
import type { Sql } from '../../database.ts';
import type { TenantKeys } from '../../secrets/tenantKeys.ts';
import { json, rows } from '../../sql.ts';

/** What the new tenant is to be called; names of customers are sealed. */
export interface Wish {
  name: string;
  slug?: string | undefined;
}

export interface RecoveryRow {
  runId: string;
  tenantId: string;
  at: Date;
  mode: RecoveryMode;
  sealedWish: Buffer | null;
  restoreRunId: string | null;
}

const contextOf = (runId: string): string => `recovery/${runId}`;

export const sealWish = (keys: TenantKeys, tenantId: string, runId: string, wish: Wish): Promise<Buffer> =>
  keys.sealFor(tenantId, json(wish), contextOf(runId));

export async function openWish(keys: TenantKeys, { tenantId, runId, sealedWish }: RecoveryRow): Promise<Wish> {
  if (!sealedWish) throw new Error(`run ${runId} makes no tenant`);
  return JSON.parse(await keys.unsealFor(tenantId, sealedWish, contextOf(runId))) as Wish;
}

export const writeRecovery = (
  em: Sql,
  { runId, tenantId, at, mode, sealedWish }: Omit<RecoveryRow, 'restoreRunId'>,
): Promise<unknown> =>
  rows(em)`
    insert into recoveries (run_id, tenant_id, at, mode, sealed_wish)
    values (${runId}, ${tenantId}, ${at.toISOString()}::timestamptz, ${mode}, ${sealedWish})`;

export async function recoveryOf(em: Sql, runId: string): Promise<RecoveryRow> {
  const [row] = await rows<Omit<RecoveryRow, 'at'> & { at: string }>(em)`
    select run_id as "runId", tenant_id as "tenantId", at, mode, sealed_wish as "sealedWish", restore_run_id as "restoreRunId"
    from recoveries where run_id = ${runId}`;
  if (!row) throw new Error(`run ${runId} brings nothing back`);
  return { ...row, at: new Date(row.at) };
}

export const noteChosen = (em: Sql, runId: string, base: { id: string; bytes: number }): Promise<unknown> =>
  rows(em)`update recoveries set base_id = ${base.id}, bytes = ${base.bytes} where run_id = ${runId}`;

export const noteBroughtBack = (em: Sql, runId: string, bytes: number): Promise<unknown> =>
  rows(em)`update recoveries set brought_back = ${bytes} where run_id = ${runId}`;

export const noteReached = (em: Sql, runId: string, reachedAt: Date | null): Promise<unknown> =>
  rows(em)`
    update recoveries set reached_at = ${reachedAt?.toISOString() ?? null}::timestamptz, brought_back = coalesce(bytes, brought_back)
    where run_id = ${runId}`;

export const noteProof = (em: Sql, runId: string, proof: NonNullable<Recovery['proof']>): Promise<unknown> =>
  rows(em)`update recoveries set proof = ${json(proof)}::jsonb where run_id = ${runId}`;
