import { v7 as newId } from 'uuid';
import type { TestInstallation } from '#test/servers/installation.ts';

const dayMs = 86_400_000;

/** Nightly backups of so many days that are long removed, one of them missing, and a drill every tenth night: rows only. */
export async function plantHistory(installation: TestInstallation, tenantId: string, days: number): Promise<void> {
  const today = Math.floor(Date.now() / dayMs) * dayMs;
  for (let ago = days; ago > 0; ago--) {
    if (ago === Math.floor(days / 3)) continue;
    const id = newId();
    const at = new Date(today - ago * dayMs + 2 * 3_600_000);
    await installation.asAdmin(
      null,
      `insert into backups (id, tenant_id, run_id, cause, state, started_at, at, finished_at, removed_at, removed_because, rows, objects, bytes, stored_bytes)
       select $1, $2, (select id from runs where tenant_id = $2 order by created_at limit 1), 'schedule', 'removed', $3, $3,
         $3::timestamptz + interval '3 minutes', $3::timestamptz + interval '7 days', 'retention', 41, 0, 9000, 3000`,
      [id, tenantId, at],
    );
    if (ago % 10 !== 0) continue;
    const runId = newId();
    await installation.asAdmin(
      null,
      `insert into runs (id, kind, tenant_id, state, exclusive, cancellable, queue, actor_kind, workflow_id, created_at, finished_at)
       values ($1, 'drillTenant', $2, 'succeeded', false, true, 'bulk', 'system', $3, $4, $4)`,
      [runId, tenantId, `drillTenant/${tenantId}/${runId}`, at],
    );
    await installation.asAdmin(
      null,
      `insert into backup_drills (id, tenant_id, run_id, backup_id, cause, state, started_at, finished_at, backup_at, rpo_target_seconds,
         rto_target_ms, rto_ms, restore_ms, proof)
       values ($1, $2, $3, $4, 'schedule', 'proven', $5::timestamptz + interval '2 hours', $5::timestamptz + interval '2 hours 1 minute', $5,
         100800, 14400000, $6::bigint, $6::bigint::int, '{"tables":1,"rows":1,"bytes":1,"digests":1,"foreignKeys":0,"migratedForward":0,"others":[],"checks":[],"restoreMs":900,"usableMs":50,"readMs":50}')`,
      [newId(), tenantId, runId, id, at, 900 + ago * 40],
    );
  }
}
