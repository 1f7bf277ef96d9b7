import type { DrillReport, RoomState, RtoPart } from '#contracts/backups/drillReports.ts';
import type { Drill, DrillProof } from '#contracts/backups/drills.ts';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';
import { drillColumns, drillOf, type DrillRowShown } from '../drills/viewDrills.ts';

interface Row extends DrillRowShown {
  tenant_name: string;
  plan: string;
  run_state: RunState;
  cause_of_backup: DrillReport['backup']['cause'];
  backup_state: DrillReport['backup']['state'];
  schema_version: number | null;
  rows: number | null;
  objects: number | null;
  bytes: number | null;
  stored_bytes: number | null;
  digest: string | null;
  restore_ms: number | null;
  checks: DrillProof['checks'] | null;
}

interface StepRow {
  act: string;
  state: string;
  finished_at: string | null;
}

/** One drill of a tenant, with all that it did. Refuses with `not_found`. */
export async function viewDrill(em: Sql, tenantId: string, drillId: string): Promise<DrillReport> {
  const [row] = await rows<Row>(em)`
    select ${drillColumns}, d.restore_ms, d.checks, t.name as tenant_name, t.plan, r.state as run_state,
      k.cause as cause_of_backup, k.state as backup_state, k.schema_version, k.rows::float8 as rows, k.objects::float8 as objects,
      k.bytes::float8 as bytes, k.stored_bytes::float8 as stored_bytes, encode(k.digest, 'hex') as digest
    from backup_drills d join tenants t on t.id = d.tenant_id join runs r on r.id = d.run_id join backups k on k.id = d.backup_id
    where d.id = ${drillId} and d.tenant_id = ${tenantId}`;
  if (!row) throw new DomainError('not_found', 'There is no such drill of this tenant.');
  const steps = await rows<StepRow>(em)`
    select act, state, finished_at from run_steps where run_id = ${row.run_id} order by position`;
  const drill = drillOf(row);
  return {
    ...drill,
    tenantName: row.tenant_name,
    plan: row.plan,
    backup: {
      id: row.backup_id,
      cause: row.cause_of_backup,
      state: row.backup_state,
      schemaVersion: row.schema_version,
      rows: row.rows,
      objects: row.objects,
      bytes: row.bytes,
      storedBytes: row.stored_bytes,
      digest: row.digest,
    },
    checks: drill.proof?.checks ?? row.checks,
    rtoOf: partsOf(drill, row.restore_ms),
    room: roomOf(steps, row.run_state),
  };
}

function partsOf({ proof }: Drill, restoreMs: number | null): { part: RtoPart; ms: number }[] {
  if (!proof) return restoreMs === null ? [] : [{ part: 'restore', ms: restoreMs }];
  return [
    { part: 'restore', ms: proof.restoreMs },
    { part: 'read', ms: proof.readMs },
    { part: 'migrate', ms: proof.usableMs },
  ];
}

function roomOf(steps: StepRow[], run: RunState): { state: RoomState; at: string | null } {
  const made = steps.find(({ act }) => act === 'drill.ensure');
  const removed = steps.find(({ act }) => act === 'drill.destroy');
  const at = (step: StepRow | undefined) => (step?.finished_at ? isoOf(step.finished_at) : null);
  if (removed?.state === 'done') return { state: 'removed', at: at(removed) };
  if (made?.state === 'undone') return { state: 'removed', at: at(made) };
  if (made?.state === 'undo_failed') return { state: 'stuck', at: null };
  // A step that never began made nothing.
  if (!made || made.state === 'pending' || made.state === 'skipped') return { state: 'none', at: null };
  return runIsOver(run) && run !== 'needs_attention' ? { state: 'removed', at: null } : { state: 'there', at: null };
}
