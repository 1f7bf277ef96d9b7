import type { WaveState } from '#contracts/fleet/migrations.ts';
import type { Sql } from '../database.ts';
import { appendEvent } from '../events/appendEvent.ts';
import type { LockedRun } from '../runs/ledger.ts';
import { rows } from '../sql.ts';
import type { FleetRunRow } from './beginFleetRun.ts';

export interface WaveRow {
  number: number;
  title: string;
  stepId: string;
  state: WaveState;
  soakSeconds: number;
  approval: boolean;
  startedAt: string | null;
  soakUntil: string | null;
  isCanary: boolean;
  /** The one after all waves, of tenants that were held or came meanwhile. */
  isLast: boolean;
}

/** Null when there is no such wave any more: the run has come to its end. */
export async function waveOf(em: Sql, runId: string, number: number): Promise<WaveRow | null> {
  const [wave] = await rows<WaveRow>(em)`
    select w.number, w.title, w.step_id as "stepId", w.state, w.soak_seconds as "soakSeconds", w.approval,
      w.started_at as "startedAt", w.soak_until as "soakUntil",
      w.number = 0 and f.settings -> 'canary' <> 'null' as "isCanary",
      w.number = (select max(number) from fleet_waves where run_id = w.run_id) as "isLast"
    from fleet_waves w join fleet_runs f on f.run_id = w.run_id where w.run_id = ${runId} and w.number = ${number}`;
  return wave ?? null;
}

export async function beginWave(em: Sql, run: LockedRun, wave: WaveRow): Promise<void> {
  const [begun] = await rows<{ startedAt: string }>(em)`
    update fleet_waves set state = 'running', started_at = coalesce(started_at, now())
    where run_id = ${run.id} and number = ${wave.number} returning started_at as "startedAt"`;
  await rows(em)`
    update run_steps set state = 'running', attempt = greatest(attempt, 1), started_at = coalesce(started_at, now())
    where id = ${wave.stepId} and state in ('pending', 'waiting')`;
  Object.assign(wave, { state: 'running', startedAt: begun?.startedAt ?? null });
}

/** The next wave is begun by whoever looks next. */
export async function endWave(em: Sql, run: LockedRun, fleet: FleetRunRow, wave: WaveRow): Promise<void> {
  await rows(em)`
    update fleet_waves set state = 'done', finished_at = now() where run_id = ${run.id} and number = ${wave.number}`;
  await rows(em)`
    update run_steps set state = 'done', finished_at = now(), reason_code = null, reason = null
    where id = ${wave.stepId} and state = 'running'`;
  await rows(em)`update fleet_runs set wave = wave + 1 where run_id = ${run.id}`;
  fleet.wave += 1;
  await appendEvent(
    em,
    {
      stream: `run:${run.id}`,
      type: 'fleet.wave_done',
      tenantId: null,
      data: { wave: wave.number, title: wave.title },
    },
    run.actor,
  );
}
