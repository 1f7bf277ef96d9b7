import type { FleetSettings } from '#contracts/fleet/migrations.ts';
import type { Sql } from '../database.ts';
import type { LockedRun } from '../runs/ledger.ts';
import { beginPlatformRun } from '../runs/platformRun.ts';
import { rows } from '../sql.ts';
import { isOfFleet } from './versions.ts';
import { budgetOf, sizesOf } from './waveSizes.ts';

export interface FleetRunRow {
  target: number;
  migrations: { number: number; name: string; checksum: string }[];
  settings: FleetSettings;
  only: string[] | null;
  wave: number;
  budget: number | null;
  forgiven: number;
  lateSince: string | null;
}

export async function fleetRunOf(em: Sql, runId: string): Promise<FleetRunRow> {
  const [row] = await rows<FleetRunRow>(em)`
    select target, migrations, settings, only_tenants as only, wave, budget, forgiven, late_since as "lateSince"
    from fleet_runs where run_id = ${runId}`;
  if (!row) throw new Error(`run ${runId} is no fleet's`);
  return row;
}

/**
 * Writes who is migrated in which wave, in the transaction that begins the run. Chosen canaries come first, then everybody in an order
 * that has nothing to do with age or store, so that each wave looks like the fleet.
 */
export async function beginFleetRun(em: Sql, run: LockedRun, fleet: FleetRunRow): Promise<void> {
  const chosen = fleet.settings.canary?.tenantIds ?? [];
  await rows(em)`
    insert into fleet_tenants (run_id, tenant_id, wave, from_version)
    select ${run.id}::uuid, t.id, 0, v.version
    from resources r join tenants t on t.id = r.tenant_id left join tenant_versions v on v.tenant_id = t.id
    where ${isOfFleet} and coalesce(v.version, 0) < ${fleet.target}
      and case when ${fleet.only}::uuid[] is null then not exists (select 1 from quarantined_tenants q where q.tenant_id = t.id)
          else t.id = any(${fleet.only}::uuid[]) end
    on conflict do nothing`;
  const [counted] = await rows<{ total: number; chosen: number }>(em)`
    select count(*)::int as total, count(*) filter (where tenant_id = any(${chosen}::uuid[]))::int as chosen
    from fleet_tenants where run_id = ${run.id}`;
  const { total, chosen: found } = counted ?? { total: 0, chosen: 0 };
  const ends = sizesOf(fleet.settings, { total, chosen: found }).reduce<number[]>(
    (before, { tenants }) => [...before, (before.at(-1) ?? 0) + tenants],
    [],
  );
  await rows(em)`
    update fleet_tenants f set wave = (select count(*) from unnest(${ends}::int[]) as ended where ended < ordered.place)
    from (
      select tenant_id, row_number() over (
        order by tenant_id = any(${chosen}::uuid[]) desc, md5(tenant_id::text || run_id::text)) as place
      from fleet_tenants where run_id = ${run.id}) ordered
    where f.run_id = ${run.id} and f.tenant_id = ordered.tenant_id`;
  await beginPlatformRun(em, run, async () => [{ count: total }]);
  fleet.budget = budgetOf(fleet.settings, total);
  await rows(em)`update fleet_runs set budget = ${fleet.budget} where run_id = ${run.id}`;
}

/**
 * Tenants that are behind and that the run does not know: they were being made when it began. Each is taken into its last wave.
 * Returns how many, and how many are just being made by somebody who may have read the folder before the run began.
 */
export async function takeNewcomers(
  em: Sql,
  run: LockedRun,
  fleet: FleetRunRow,
): Promise<{ came: number; underWay: number }> {
  if (fleet.only) return { came: 0, underWay: 0 };
  const came = await rows(em)`
    insert into fleet_tenants (run_id, tenant_id, wave, from_version)
    select ${run.id}::uuid, t.id, ${fleet.wave}::int, v.version
    from resources r join tenants t on t.id = r.tenant_id left join tenant_versions v on v.tenant_id = t.id
    where r.provider = 'database' and r.state = 'present' and t.state not in ('erased', 'rolled_back')
      and coalesce(v.version, 0) < ${fleet.target}
      and not exists (select 1 from quarantined_tenants q where q.tenant_id = t.id)
    on conflict do nothing returning tenant_id`;
  if (came.length > 0) await rows(em)`update run_progress set total = total + ${came.length} where run_id = ${run.id}`;
  const [making] = await rows<{ count: number }>(em)`
    select count(*)::int as count from resources, runs
    where provider = 'database' and resources.state = 'ensuring' and runs.id = ${run.id}
      and resources.updated_at < runs.started_at + interval '2 seconds'
      and resources.updated_at > now() - make_interval(secs => ${longestEnsureSeconds}::int)`;
  return { came: came.length, underWay: making?.count ?? 0 };
}

/** An attempt to make a database is ended after thirty seconds; a later one reads the folder anew, and refuses an old one. */
const longestEnsureSeconds = 35;
