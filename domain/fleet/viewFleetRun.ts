import { sql } from 'kysely';
import type { z } from 'zod';
import { DomainError } from '#contracts/errors.ts';
import {
  FleetSettings,
  type FleetRun,
  type FleetWave,
  type MigratedTenant,
  type MigratedTenantPage,
  type MigratedTenantQuery,
} from '#contracts/fleet/migrations.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import type { Sql } from '../database.ts';
import { isoOf } from '../isoOf.ts';
import { rows } from '../sql.ts';

const isoOrNull = (time: string | null): string | null => (time === null ? null : isoOf(time));

/** How far a fleet's run is, wave by wave. Refuses with `not_found`. */
export async function viewFleetRun(em: Sql, runId: string): Promise<FleetRun> {
  const [run] = await rows<{
    target: number;
    migrations: { number: number; name: string }[];
    settings: unknown;
    wave: number;
    budget: number | null;
    forgiven: number;
    from: number | null;
  }>(em)`
    select target, migrations, settings, wave, budget, forgiven,
      (select min(coalesce(from_version, 0)) from fleet_tenants where run_id = ${runId}) as "from"
    from fleet_runs where run_id = ${runId}`;
  if (!run) throw new DomainError('not_found', 'There is no such fleet migration.');
  const waves = await rows<FleetWave & { perSecond: string | null }>(em)`
    select w.number, w.title, w.state, w.soak_seconds as "soakSeconds", w.approval, w.soak_until as "soakUntil",
      w.started_at as "startedAt", w.finished_at as "finishedAt",
      count(f.tenant_id)::int as total,
      count(*) filter (where f.state in ('migrated', 'gone'))::int as migrated,
      count(*) filter (where f.state = 'quarantined')::int as quarantined,
      count(*) filter (where f.state in ('deferred', 'left'))::int as deferred,
      count(*) filter (where f.state = 'migrated')
        / nullif(extract(epoch from coalesce(w.worked_until, now()) - w.started_at), 0) as "perSecond"
    from fleet_waves w left join fleet_tenants f on f.run_id = w.run_id and f.wave = w.number
    where w.run_id = ${runId} group by w.run_id, w.number order by w.number`;
  const worked = waves.findLast(({ migrated, perSecond }) => migrated > 0 && perSecond !== null);
  return {
    runId,
    target: run.target,
    migrations: run.migrations
      .filter(({ number }) => number > (run.from ?? 0))
      .map(({ number, name }) => ({ number, name })),
    settings: FleetSettings.parse(run.settings),
    wave: Math.min(run.wave, waves.length - 1),
    waves: waves.map(({ perSecond: _, ...wave }) => ({
      ...wave,
      soakUntil: isoOrNull(wave.soakUntil),
      startedAt: isoOrNull(wave.startedAt),
      finishedAt: isoOrNull(wave.finishedAt),
    })),
    budget: {
      allowed: run.budget,
      spent: waves.reduce((sum, { quarantined }) => sum + quarantined, 0) - run.forgiven,
    },
    perSecond: worked ? Math.round(Number(worked.perSecond) * 10) / 10 : null,
  };
}

/** The tenants of a run, those first that want a look. Refuses with `not_found`. */
export async function listMigrated(
  em: Sql,
  runId: string,
  query: z.infer<typeof MigratedTenantQuery>,
): Promise<MigratedTenantPage> {
  const known = await rows(em)`select 1 from fleet_runs where run_id = ${runId}`;
  if (known.length === 0) throw new DomainError('not_found', 'There is no such fleet migration.');
  const rank = sql`case f.state when 'quarantined' then 'a' when 'left' then 'b' when 'deferred' then 'c' when 'pending' then 'd' else 'e' end`;
  const where = [
    sql`f.run_id = ${runId}`,
    ...(query.state === undefined ? [] : [sql`f.state = ${query.state}`]),
    ...(query.wave === undefined ? [] : [sql`f.wave = ${query.wave}`]),
  ];
  if (query.cursor) {
    const after = readCursor(query.cursor, 'text');
    where.push(sql`(${rank}, f.tenant_id) > (${after.value}, ${after.id}::uuid)`);
  }
  const found = await rows<MigratedTenant & { rank: string }>(em)`
    select f.tenant_id as "tenantId", t.name, a.slug, f.wave, f.state, f.from_version as "fromVersion", f.version, f.attempts,
      f.reason_code as "reasonCode", f.reason, f.milliseconds, f.finished_at as "finishedAt", q.tenant_id is not null as "isQuarantined",
      ${rank} as rank
    from fleet_tenants f join tenants t on t.id = f.tenant_id
    left join tenant_addresses a on a.tenant_id = t.id and a.state = 'current'
    left join quarantined_tenants q on q.tenant_id = f.tenant_id
    where ${sql.join(where, sql` and `)} order by ${rank}, f.tenant_id limit ${query.limit + 1}`;
  const shown = found.slice(0, query.limit);
  const last = shown.at(-1);
  return {
    items: shown.map(({ rank: _, ...tenant }) => ({ ...tenant, finishedAt: isoOrNull(tenant.finishedAt) })),
    nextCursor: last && found.length > query.limit ? writeCursor(last.rank, last.tenantId) : null,
  };
}
