import { sql } from 'kysely';
import type { Drill, DrillPage, DrillProof, DrillQuery, DrillState } from '#contracts/backups/drills.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Reach } from '../../access/grants.ts';
import { withinReach } from '../../access/withinReach.ts';
import { readCursor, writeCursor } from '../../cursors.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';

/** A drill's row, as {@link drillColumns} reads it. */
export interface DrillRowShown {
  id: string;
  tenant_id: string;
  run_id: string;
  backup_id: string;
  cause: Drill['cause'];
  state: DrillState;
  started_at: string;
  finished_at: string | null;
  backup_at: string;
  rpo_seconds: number;
  rpo_target_seconds: number;
  rto_ms: number | null;
  rto_target_ms: number;
  proof: DrillProof | null;
  reason_code: string | null;
  reason: string | null;
}

/** Of `backup_drills d`. */
export const drillColumns = sql`d.id, d.tenant_id, d.run_id, d.backup_id, d.cause, d.state, d.started_at, d.finished_at, d.backup_at,
  greatest(0, extract(epoch from d.started_at - d.backup_at))::int as rpo_seconds, d.rpo_target_seconds,
  d.rto_ms::float8 as rto_ms, d.rto_target_ms::float8 as rto_target_ms, d.proof, d.reason_code, d.reason`;

/** The drills of a tenant, or of all within reach, the newest first. */
export async function listDrills(
  em: Sql,
  of: { tenantId: string } | { reach: Reach },
  { state, cursor, limit }: DrillQuery,
): Promise<DrillPage> {
  const after = cursor ? readCursor(cursor, 'time') : null;
  const found = await rows<DrillRowShown>(em)`
    select ${drillColumns}
    from backup_drills d
    where ${'reach' in of ? withinReach(of.reach, sql`d.tenant_id`) : sql`d.tenant_id = ${of.tenantId}::uuid`}
      and (${state ?? null}::text is null or d.state = ${state ?? null})
      and (${after?.value ?? null}::timestamptz is null
           or (d.started_at, d.id) < (${after?.value ?? null}::timestamptz, ${after?.id ?? null}::uuid))
    order by d.started_at desc, d.id desc limit ${limit + 1}`;
  const items = found.slice(0, limit).map(drillOf);
  const last = items.at(-1);
  return { items, nextCursor: last && found.length > limit ? writeCursor(last.startedAt, last.id) : null };
}

/** Refuses with `not_found`. */
export async function listDrillsOfTenant(em: Sql, tenantId: string, query: DrillQuery): Promise<DrillPage> {
  const [tenant] = await rows(em)`select 1 from tenants where id = ${tenantId}`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  return listDrills(em, { tenantId }, query);
}

export const drillOf = (row: DrillRowShown): Drill => ({
  id: row.id,
  tenantId: row.tenant_id,
  runId: row.run_id,
  backupId: row.backup_id,
  cause: row.cause,
  state: row.state,
  startedAt: isoOf(row.started_at),
  finishedAt: row.finished_at && isoOf(row.finished_at),
  backupAt: isoOf(row.backup_at),
  rpoSeconds: row.rpo_seconds,
  rpoTargetSeconds: row.rpo_target_seconds,
  rtoMs: row.rto_ms,
  rtoTargetMs: row.rto_target_ms,
  meets: {
    rpo: row.rpo_seconds <= row.rpo_target_seconds,
    rto: row.rto_ms === null ? null : row.rto_ms <= row.rto_target_ms,
  },
  proof: row.proof,
  reason: row.reason_code === null ? null : { code: row.reason_code, text: row.reason ?? '' },
});
