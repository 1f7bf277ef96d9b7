import {
  refillStates,
  type Refill,
  type RefillAnswer,
  type RefilledTenant,
  type RefillState,
} from '#contracts/backups/refills.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';

const shown = 500;

/** Of which moment a restored registry is; null for one that never was restored. */
export async function restoredAt(em: Sql): Promise<string | null> {
  const [row] = await rows<{ at: string | null }>(em)`
    select data ->> 'at' as at from events where type = 'platform.restored' order by id desc limit 1`;
  return row?.at ?? null;
}

/** The latest run that filled tenants again, and what became of each. */
export async function viewRefill(em: Sql): Promise<RefillAnswer> {
  const [run] = await rows<{ id: string; state: string; created_at: string; finished_at: string | null }>(em)`
    select id, state, created_at, finished_at from runs where kind = 'refillFleet' order by created_at desc limit 1`;
  return { restoredAt: await restoredAt(em), latest: run ? await viewed(em, run) : null };
}

async function viewed(
  em: Sql,
  run: { id: string; state: string; created_at: string; finished_at: string | null },
): Promise<Refill> {
  const counted = await rows<{ state: RefillState; count: number }>(em)`
    select state, count(*)::int as count from refill_tenants where run_id = ${run.id} group by state`;
  const tenants = await rows<RefilledTenant>(em)`
    select f.tenant_id as "tenantId", t.name, a.slug, f.state, f.lost, f.backup_id as "backupId", b.at as "backupAt",
      f.restore_run_id as "runId", case when f.state in ('failed', 'passed') then f.reason_code end as reason
    from refill_tenants f join tenants t on t.id = f.tenant_id
    left join tenant_addresses a on a.tenant_id = t.id and a.state = 'current'
    left join backups b on b.id = f.backup_id
    where f.run_id = ${run.id}
    order by array_position(array['failed', 'running', 'pending', 'passed', 'done', 'there'], f.state), t.name limit ${shown}`;
  const counts = Object.fromEntries(
    refillStates.map((state) => [state, counted.find((one) => one.state === state)?.count ?? 0]),
  ) as Refill['counts'];
  return {
    ...{ runId: run.id, state: run.state, startedAt: isoOf(run.created_at), counts },
    finishedAt: run.finished_at && isoOf(run.finished_at),
    tenants: tenants.map((row) => ({ ...row, backupAt: row.backupAt && isoOf(row.backupAt) })),
  };
}
