import type { Reason } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { appendEvent } from '../events/appendEvent.ts';
import { moveRun, type LockedRun } from '../runs/ledger.ts';
import { rows } from '../sql.ts';
import { closeTasks } from '../tasks/closeTasks.ts';
import { openTask } from '../tasks/openTask.ts';
import type { FleetRunRow } from './beginFleetRun.ts';
import { waveOf, type WaveRow } from './waves.ts';

/** Because it was asked to pause, because too many failed, or because the wave asks for a person. */
export type HeldBy = 'pause' | 'budget' | 'wave';

/** Stops a run within its wave until a person decides that it continues. What nobody asked for is a task. */
export async function holdFleetRun(
  em: Sql,
  run: LockedRun,
  wave: WaveRow,
  { by, reason }: { by: HeldBy; reason: Reason },
): Promise<void> {
  await rows(em)`
    update run_steps set state = 'waiting', reason_code = ${reason.code}, reason = ${reason.text}
    where id = ${wave.stepId} and state in ('pending', 'running')`;
  await rows(em)`
    update runs set held_by = ${by}, held_since = now(), held_step_id = ${wave.stepId}, park = park + 1 where id = ${run.id}`;
  await moveRun(em, run, by === 'pause' ? 'paused' : 'waiting');
  if (by !== 'pause')
    await openTask(em, {
      kind: 'parked',
      runId: run.id,
      tenantId: null,
      title: 'A fleet migration waits',
      reason,
      left: [],
    });
  await appendEvent(
    em,
    { stream: `run:${run.id}`, type: 'run.held', tenantId: null, data: { by, code: reason.code } },
    run.actor,
  );
}

/** Takes the decision that the run continues; false while there is none. */
export async function goOnAfterHold(em: Sql, run: LockedRun, fleet: FleetRunRow): Promise<boolean> {
  const taken = await rows(em)`
    update decisions set taken_at = now(), delivered_at = coalesce(delivered_at, now())
    where run_id = ${run.id} and epoch = ${run.epoch} and park = ${run.park} and taken_at is null returning id`;
  if (taken.length === 0) return false;
  if (run.heldBy === 'pause') {
    await rows(em)`update runs set pause_requested_at = null, pause_requested_by = null where id = ${run.id}`;
    run.pauseRequestedAt = null;
  }
  if (run.heldBy === 'budget') {
    const [spent] = await rows<{ forgiven: number }>(em)`
      update fleet_runs set forgiven = (
        select count(*) from fleet_tenants where run_id = ${run.id} and state = 'quarantined')
      where run_id = ${run.id} returning forgiven`;
    fleet.forgiven = spent?.forgiven ?? 0;
  }
  const wave = await waveOf(em, run.id, fleet.wave);
  if (wave)
    await rows(em)`
      update run_steps set state = 'running', reason_code = null, reason = null where id = ${wave.stepId} and state = 'waiting'`;
  await closeTasks(em, { runId: run.id, kinds: ['parked'] }, run.actor);
  await moveRun(em, run, 'running');
  run.heldBy = null;
  return true;
}
