import { sql } from 'kysely';
import {
  drillStandings,
  type DrilledPage,
  type DrilledQuery,
  type DrillFleet,
  type DrillStanding,
  type FleetDrill,
  type PlanDrills,
} from '#contracts/backups/drillReports.ts';
import { usualBackupRules, type BackupRules } from '#contracts/backups/policies.ts';
import type { Reach } from '../../access/grants.ts';
import { withinReach } from '../../access/withinReach.ts';
import { readCursor, writeCursor } from '../../cursors.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';
import { drillColumns, drillOf, type DrillRowShown } from '../drills/viewDrills.ts';
import { drillStandingOf, withDrills } from './standing.ts';

const isThere = sql`t.state in ('active', 'suspended')`;
const measuredDays = 90;

type Counts = Record<DrillStanding, number>;
const none = (): Counts => Object.fromEntries(drillStandings.map((standing) => [standing, 0])) as Counts;

/** How the backups of tenants in reach stand, by plan and together, and what drills of them measured. */
export async function viewDrillFleet(em: Sql, reach: Reach): Promise<DrillFleet> {
  const inReach = withinReach(reach, sql`t.id`);
  const counted = await rows<{ plan: string; standing: DrillStanding; count: number }>(em)`
    select t.plan, ${drillStandingOf} as standing, count(*)::int as count
    from ${withDrills} where ${isThere} and ${inReach} group by 1, 2`;
  const measured = await rows<PlanDrills['measured'] & { plan: string }>(em)`
    select t.plan, count(*)::int as drills, count(*) filter (where d.state = 'failed')::int as failed,
      count(*) filter (where d.state = 'proven' and extract(epoch from d.started_at - d.backup_at) > d.rpo_target_seconds)::int as "rpoMissed",
      count(*) filter (where d.rto_ms > d.rto_target_ms)::int as "rtoMissed",
      max(greatest(0, extract(epoch from d.started_at - d.backup_at))) filter (where d.state = 'proven')::int as "rpoSeconds",
      max(d.rto_ms)::float8 as "rtoMs"
    from backup_drills d join tenants t on t.id = d.tenant_id
    where d.state in ('proven', 'failed') and d.started_at > now() - make_interval(days => ${measuredDays}::int) and ${inReach} group by 1`;
  const [running] = await rows<{ count: number }>(em)`
    select count(*)::int as count from backup_drills d join tenants t on t.id = d.tenant_id where d.state = 'running' and ${inReach}`;
  const plans = await rows<{ plan: string; title: string; rules: BackupRules | null }>(em)`
    select l.name as plan, l.title, p.rules from plans l left join backup_policies p on p.plan = l.name order by l.title, l.name`;
  const latest = reach.everything ? await latestRuns(em) : new Map<string | null, FleetDrill>();
  const items = plans
    .map(({ plan, title, rules }): PlanDrills => {
      const { drillDays, rpoMinutes, rtoMinutes } = rules ?? usualBackupRules;
      const counts = none();
      for (const one of counted) if (one.plan === plan) counts[one.standing] = one.count;
      const { plan: _plan, ...figures } = measured.find((one) => one.plan === plan) ?? nothingMeasured;
      return {
        plan,
        title,
        drillDays,
        rpoMinutes,
        rtoMinutes,
        counts,
        measured: figures,
        latest: latest.get(plan) ?? null,
      };
    })
    .filter(({ counts }) => reach.everything || Object.values(counts).some((count) => count > 0));
  const counts = none();
  for (const plan of items) for (const standing of drillStandings) counts[standing] += plan.counts[standing];
  return { counts, running: running?.count ?? 0, plans: items, latestOfAll: latest.get(null) ?? null };
}

const nothingMeasured = { plan: '', drills: 0, failed: 0, rpoMissed: 0, rtoMissed: 0, rpoSeconds: null, rtoMs: null };

async function latestRuns(em: Sql): Promise<Map<string | null, FleetDrill>> {
  const found = await rows<FleetDrill & { startedAt: string; finishedAt: string | null }>(em)`
    select distinct on (f.plan) f.run_id as "runId", f.plan, r.state, r.created_at as "startedAt", r.finished_at as "finishedAt", (
      select jsonb_build_object('pending', count(*) filter (where t.state = 'pending'), 'running', count(*) filter (where t.state = 'running'),
        'done', count(*) filter (where t.state = 'done'), 'failed', count(*) filter (where t.state = 'failed'),
        'passed', count(*) filter (where t.state = 'passed'))
      from fleet_drill_tenants t where t.run_id = f.run_id) as tenants
    from fleet_drills f join runs r on r.id = f.run_id order by f.plan, r.created_at desc`;
  return new Map(
    found.map((one) => [
      one.plan,
      { ...one, startedAt: isoOf(one.startedAt), finishedAt: one.finishedAt && isoOf(one.finishedAt) },
    ]),
  );
}

interface TenantRow {
  name: string;
  plan: string;
  standing: DrillStanding;
  proven_at: string | null;
  search_text: string;
  tenant: string;
}

/** Tenants in reach by name, each with how its backups stand and its newest drill. */
export async function listDrilledTenants(em: Sql, query: DrilledQuery, reach: Reach): Promise<DrilledPage> {
  const where = [
    isThere,
    withinReach(reach, sql`t.id`),
    ...(query.plan === undefined ? [] : [sql`t.plan = ${query.plan}`]),
    ...(query.standing === undefined ? [] : [sql`${drillStandingOf} = ${query.standing}`]),
  ];
  if (query.cursor) {
    const after = readCursor(query.cursor, 'text');
    where.push(sql`(t.search_text, t.id) > (${after.value}, ${after.id}::uuid)`);
  }
  const found = await rows<TenantRow>(em)`
    select t.id as tenant, t.name, t.plan, ${drillStandingOf} as standing, held.proven_at, t.search_text
    from ${withDrills} where ${sql.join(where, sql` and `)} order by t.search_text, t.id limit ${query.limit + 1}`;
  const shown = found.slice(0, query.limit);
  const newest = await rows<DrillRowShown>(em)`
    select distinct on (d.tenant_id) ${drillColumns} from backup_drills d
    where d.tenant_id = any(${shown.map(({ tenant }) => tenant)}::uuid[]) order by d.tenant_id, d.started_at desc`;
  const lastOf = new Map(newest.map((row) => [row.tenant_id, drillOf(row)]));
  const last = shown.at(-1);
  return {
    items: shown.map((row) => {
      const drill = lastOf.get(row.tenant);
      return {
        tenantId: row.tenant,
        name: row.name,
        plan: row.plan,
        standing: row.standing,
        provenAt: row.proven_at && isoOf(row.proven_at),
        last: drill
          ? {
              id: drill.id,
              state: drill.state,
              startedAt: drill.startedAt,
              rpoSeconds: drill.rpoSeconds,
              rtoMs: drill.rtoMs,
              meets: drill.meets,
              reason: drill.reason,
            }
          : null,
      };
    }),
    nextCursor: last && found.length > query.limit ? writeCursor(last.search_text, last.tenant) : null,
  };
}
