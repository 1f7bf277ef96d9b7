import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { PlatformRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import type { Ledger, LockedRun } from '../runs/ledger.ts';
import { rows } from '../sql.ts';
import { beginFleetRun, fleetRunOf, takeNewcomers, type FleetRunRow } from './beginFleetRun.ts';
import { cancelFleetRun, closeFleetRun } from './closeFleetRun.ts';
import { goOnAfterHold, holdFleetRun } from './holdFleetRun.ts';
import type { SchemaOfTenant } from './versions.ts';
import { beginWave, endWave, waveOf, type WaveRow } from './waves.ts';

/** Time by the workflow's clock, so that a soak passes as fast as the clock that the workflow has. */
export type FleetRef = PlatformRef & { now: number };

export interface TenantToMigrate extends SchemaOfTenant {
  version: number | null;
}

/** What a fleet's run is to do now. */
export type NextOfRun =
  | { is: 'over' }
  /** A person must say that it may go on. */
  | { is: 'held' }
  /** It soaks, or waits for tenants that other runs are changing. */
  | { is: 'waiting'; milliseconds: number }
  | { is: 'work'; fleet: FleetRunRow; tenants: TenantToMigrate[]; failuresLeft: number };

const tenantsAtOnce = 100;
const canaryPatienceSeconds = 60;

/** Decides by the rows alone, under the run's lock: whoever asks, after whatever was killed, is told the same. */
export const nextOfRun = (ledger: Ledger, ref: FleetRef): Promise<NextOfRun> =>
  ledger.onRun<NextOfRun>(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: { is: 'over' } };
    const fleet = await fleetRunOf(em, run.id);
    if (run.state === 'queued' && !run.cancelRequestedAt) await beginFleetRun(em, run, fleet);
    const wasHeld = run.heldBy !== null;
    const result = await decide(em, run, fleet, ref);
    return { changed: !(result.is === 'held' && wasHeld), result };
  });

async function decide(em: Sql, run: LockedRun, fleet: FleetRunRow, ref: FleetRef): Promise<NextOfRun> {
  if (run.cancelRequestedAt) {
    await cancelFleetRun(em, run);
    return { is: 'over' };
  }
  if (run.heldBy !== null && !(await goOnAfterHold(em, run, fleet))) return { is: 'held' };
  for (;;) {
    const wave = await waveOf(em, run.id, fleet.wave);
    if (!wave) {
      await closeFleetRun(em, run, fleet);
      return { is: 'over' };
    }
    if (run.pauseRequestedAt) {
      await holdFleetRun(em, run, wave, {
        by: 'pause',
        reason: { code: 'paused', text: 'Paused on request.' },
      });
      return { is: 'held' };
    }
    const next = await nextOfWave(em, run, fleet, wave, ref);
    if (next) return next;
    await endWave(em, run, fleet, wave);
  }
}

/** Null when the wave is through. */
async function nextOfWave(
  em: Sql,
  run: LockedRun,
  fleet: FleetRunRow,
  wave: WaveRow,
  { now }: FleetRef,
): Promise<NextOfRun | null> {
  if (wave.state === 'pending') await beginWave(em, run, wave);
  if (wave.state === 'running') {
    const failuresLeft = await budgetLeft(em, run.id, fleet);
    if (failuresLeft < 0) {
      const text = `More tenants failed than the run may leave behind (${fleet.budget}). See why, then let it go on or cancel it.`;
      await holdFleetRun(em, run, wave, { by: 'budget', reason: { code: 'error_budget', text } });
      return { is: 'held' };
    }
    const ahead = await tenantsAhead(em, run, fleet, wave);
    if (ahead) return ahead.length === 0 ? waitingFor(1_000) : { is: 'work', fleet, tenants: ahead, failuresLeft };
    const soakUntil = new Date(now + wave.soakSeconds * 1000).toISOString();
    await rows(em)`
      update fleet_waves set state = 'soaking', worked_until = now(), soak_until = ${soakUntil}::timestamptz
      where run_id = ${run.id} and number = ${wave.number}`;
    Object.assign(wave, { state: 'soaking', soakUntil });
  }
  if (wave.state === 'soaking') {
    const left = Date.parse(wave.soakUntil ?? '') - now;
    if (left > 0) return waitingFor(left);
    if (wave.approval) {
      await rows(em)`update fleet_waves set state = 'waiting' where run_id = ${run.id} and number = ${wave.number}`;
      const text = `"${wave.title}" is through. A person says whether the run goes on.`;
      await holdFleetRun(em, run, wave, { by: 'wave', reason: { code: 'wave_done', text } });
      return { is: 'held' };
    }
  }
  return null;
}

const waitingFor = (milliseconds: number): NextOfRun => ({ is: 'waiting', milliseconds });

async function budgetLeft(em: Sql, runId: string, fleet: FleetRunRow): Promise<number> {
  const [spent] = await rows<{ count: number }>(em)`
    select count(*)::int as count from fleet_tenants where run_id = ${runId} and state = 'quarantined'`;
  return (fleet.budget ?? 0) - ((spent?.count ?? 0) - fleet.forgiven);
}

/**
 * The next tenants of a wave; empty while those that are left must be waited for, null when none is. Tenants that another run holds
 * come again at the end, those of the canary within it: it would prove nothing without them.
 */
async function tenantsAhead(
  em: Sql,
  run: LockedRun,
  fleet: FleetRunRow,
  wave: WaveRow,
): Promise<TenantToMigrate[] | null> {
  const newcomers = wave.isLast ? await takeNewcomers(em, run, fleet) : { came: 0, underWay: 0 };
  const batch = await rows<TenantToMigrate>(em)`
    select f.tenant_id as "tenantId", r.id as "resourceId", s.database_name as database, v.version
    from fleet_tenants f
    join resources r on r.tenant_id = f.tenant_id and r.provider = 'database' and r.store_id is not null
    join data_stores s on s.id = r.store_id
    left join tenant_versions v on v.tenant_id = f.tenant_id
    where f.run_id = ${run.id} and f.wave = ${wave.number} and f.state in ('pending', 'deferred')
      and (f.retry_at is null or f.retry_at <= now())
    order by s.ordinal, f.tenant_id limit ${tenantsAtOnce}`;
  if (batch.length > 0) return batch;
  const [left] = await rows<{ count: number; waited: number }>(em)`
    select count(*)::int as count, extract(epoch from now() - ${wave.startedAt}::timestamptz)::int as waited from fleet_tenants
    where run_id = ${run.id} and wave = ${wave.number} and state in ('pending', 'deferred')`;
  const { count = 0, waited = 0 } = left ?? {};
  if (count === 0) return newcomers.underWay > 0 ? [] : null;
  const patience = wave.isLast ? fleet.settings.patienceSeconds : wave.isCanary ? canaryPatienceSeconds : 0;
  if (waited < patience) return [];
  if (wave.isLast)
    await rows(em)`
      update fleet_tenants set state = 'left', finished_at = now()
      where run_id = ${run.id} and wave = ${wave.number} and state in ('pending', 'deferred')`;
  else
    await rows(em)`
      update fleet_tenants set wave = (select max(number) from fleet_waves where run_id = ${run.id})
      where run_id = ${run.id} and wave = ${wave.number} and state in ('pending', 'deferred')`;
  return null;
}

/** What the run was opened for must be what a worker has before it touches anybody. */
export function refuseOtherMigrations(fleet: FleetRunRow, own: readonly { name: string; checksum: string }[]): void {
  const other = fleet.migrations.find(({ checksum }, at) => own[at]?.checksum !== checksum);
  if (other)
    throw new DomainError(
      'migrations_refused',
      `This worker's folder has another ${other.name} than the run was opened with, or none.`,
    );
}
