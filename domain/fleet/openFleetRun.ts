import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { FleetSettings, NewFleetRun } from '#contracts/fleet/migrations.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { addSteps, openRun } from '../runs/openRun.ts';
import { json, rows } from '../sql.ts';
import { releaseMigrations } from './catalogue.ts';
import { findTarget, planFleet } from './planFleet.ts';
import { wavesOf } from './waveSizes.ts';

/** What is done when the waves are through: tenants that were held, or came meanwhile. */
const late = { title: 'Tenants that were held or came meanwhile', soakSeconds: 0, approval: false };

/**
 * Opens the run that brings the fleet to a version, as it was planned. Refuses with `migrations_refused`, `migrations_moved` when the
 * folder is not the one that was planned with, `fleet_current`, `run_in_progress`.
 */
export async function openFleetRun(em: Sql, { digest, ...settings }: NewFleetRun, actor: Actor): Promise<string> {
  const { catalogue, target } = await findTarget(em, settings.target);
  if (catalogue.digest !== digest)
    throw new DomainError(
      'migrations_moved',
      "The workers' folder of migrations changed since this was planned. Plan again.",
    );
  const { tenants } = await planFleet(em, settings);
  if (tenants.behind === 0)
    throw new DomainError(
      'fleet_current',
      tenants.quarantined > 0
        ? `All tenants are at version ${target}, but for ${tenants.quarantined} in quarantine: retry or release those.`
        : `All tenants are at version ${target} already.`,
    );
  return writeRun(em, { settings: { ...settings, target }, only: null }, actor);
}

/** The run that tries quarantined tenants again, and no others: to the version that they were meant to have. */
export const openRetry = (
  em: Sql,
  only: string[],
  target: number,
  actor: Actor,
  base: FleetSettings,
): Promise<string> =>
  writeRun(
    em,
    { settings: { ...base, target, canary: null, waves: [], errorBudget: { tenants: only.length } }, only },
    actor,
  );

async function writeRun(
  em: Sql,
  { settings, only }: { settings: FleetSettings & { target: number }; only: string[] | null },
  actor: Actor,
): Promise<string> {
  const { catalogue } = await findTarget(em, settings.target);
  const runId = newId();
  await openRun(
    em,
    { id: runId, kind: 'migrateFleet', tenantId: null, exclusive: false, cancellable: true, queue: 'bulk' },
    actor,
  );
  const waves = [...wavesOf(settings), late];
  await addSteps(
    em,
    runId,
    waves.map(({ title }) => ({ title, kind: 'fixed', provider: 'fleet', act: 'fleet.migrate', undo: null })),
  );
  const migrations = catalogue.migrations
    .slice(0, settings.target)
    .map(({ number, name, checksum }) => ({ number, name, checksum }));
  await releaseMigrations(em, migrations);
  await rows(em)`
    insert into fleet_runs (run_id, target, migrations, settings, only_tenants)
    values (${runId}, ${settings.target}, ${json(migrations)}::jsonb, ${json(settings)}::jsonb, ${only}::uuid[])`;
  await rows(em)`
    insert into fleet_waves (run_id, number, title, step_id, soak_seconds, approval)
    select ${runId}::uuid, s.position, s.title, s.id, w."soakSeconds", w.approval
    from run_steps s join jsonb_to_recordset(${json(waves.map((wave, number) => ({ number, ...wave })))}::jsonb)
      as w (number integer, "soakSeconds" integer, approval boolean) on w.number = s.position
    where s.run_id = ${runId}`;
  return runId;
}
