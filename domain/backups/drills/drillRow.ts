import type { DrillProof } from '#contracts/backups/drills.ts';
import type { Sql } from '../../database.ts';
import { json, rows } from '../../sql.ts';

export interface DrillRow {
  id: string;
  tenant_id: string;
  run_id: string;
  backup_id: string;
  state: string;
  restore_ms: number | null;
}

export async function drillOfRun(em: Sql, runId: string): Promise<DrillRow> {
  const [row] = await rows<DrillRow>(em)`
    select id, tenant_id, run_id, backup_id, state, restore_ms from backup_drills where run_id = ${runId}`;
  if (!row) throw new Error(`run ${runId} is no drill`);
  return row;
}

export const noteRestored = (em: Sql, runId: string, restoreMs: number): Promise<unknown> =>
  rows(em)`update backup_drills set restore_ms = ${restoreMs} where run_id = ${runId} and state = 'running'`;

/** What the product's own checks said, whether they hold or not. */
export const noteChecks = (em: Sql, runId: string, checks: DrillProof['checks']): Promise<unknown> =>
  rows(em)`update backup_drills set checks = ${json(checks)}::jsonb where run_id = ${runId} and state = 'running'`;

/** What was seen. It counts when the run has ended well. */
export const noteProof = (em: Sql, runId: string, proof: DrillProof): Promise<unknown> =>
  rows(em)`
    update backup_drills set proof = ${json(proof)}::jsonb, rto_ms = ${proof.restoreMs + proof.usableMs + proof.readMs}
    where run_id = ${runId} and state = 'running'`;

/** Of these runs those that are not over; one that the registry never heard of, or forgot with a restore of its own, is not closed for it. */
export async function openRunsOf(em: Sql, runIds: string[]): Promise<Set<string>> {
  const found = await rows<{ id: string }>(em)`
    select given as id from unnest(${runIds}::uuid[]) as given left join runs r on r.id = given
    where r.id is null or r.state not in ('succeeded', 'rolled_back', 'cancelled')`;
  return new Set(found.map(({ id }) => id));
}
