import { sql, type RawBuilder } from 'kysely';
import type { RecoveryDay, RecoveryTrend } from '#contracts/backups/trends.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Reach } from '../../access/grants.ts';
import { withinReach } from '../../access/withinReach.ts';
import type { Sql } from '../../database.ts';
import { registryTime, rows } from '../../sql.ts';
import { rulesOf } from '../policies/policyRow.ts';

const dayMs = 86_400_000;

/** RPO and RTO of a tenant, day by day. Refuses with `not_found`. */
export async function viewTenantTrend(em: Sql, tenantId: string, days: number): Promise<RecoveryTrend> {
  const [tenant] = await rows<{ plan: string }>(em)`select plan from tenants where id = ${tenantId}`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  return viewTrend(em, tenant.plan, sql`t.id = ${tenantId}::uuid`, days);
}

/** The same of the tenants of a plan that are in reach. Refuses with `not_found`. */
export async function viewPlanTrend(em: Sql, plan: string, days: number, reach: Reach): Promise<RecoveryTrend> {
  const [known] = await rows(em)`select 1 from plans where name = ${plan}`;
  if (!known) throw new DomainError('not_found', `There is no plan "${plan}".`);
  return viewTrend(em, plan, sql`t.plan = ${plan} and ${withinReach(reach, sql`t.id`)}`, days);
}

type CopiesOfDay = Pick<RecoveryDay, 'day' | 'rpoSeconds' | 'medianRpoSeconds' | 'measured' | 'over'>;
type DrillsOfDay = Pick<RecoveryDay, 'day' | 'drills' | 'failed' | 'rtoMs' | 'drillId'>;

async function viewTrend(em: Sql, plan: string, about: RawBuilder<unknown>, days: number): Promise<RecoveryTrend> {
  const { rpoMinutes, rtoMinutes } = await rulesOf(em, plan);
  const [rpoTargetSeconds, rtoTargetMs] = [rpoMinutes * 60, rtoMinutes * 60_000];
  const now = await registryTime(em);
  const to = Math.floor(Date.parse(now) / dayMs) * dayMs;
  const from = new Date(to - (days - 1) * dayMs).toISOString();
  // A backup's age grows until the next one is there, so that of each day its end and the moments just before new ones matter.
  const copies = await rows<CopiesOfDay>(em)`
    with copies as (
      select k.tenant_id, k.at, k.finished_at as from_at,
        coalesce(lead(k.finished_at) over (partition by k.tenant_id order by k.finished_at),
          case when t.state in ('active', 'suspended') then ${now}::timestamptz else k.finished_at end) as until_at
      from backups k join tenants t on t.id = k.tenant_id
      where ${about} and k.state in ('kept', 'removing', 'removed') and k.removed_because is distinct from 'unfinished'
        and k.at is not null and k.finished_at is not null and k.verified_as is distinct from 'bad'),
    ages as (
      select d.day, c.tenant_id, max(extract(epoch from least(c.until_at, d.day + interval '24 hours', ${now}::timestamptz) - c.at)) as seconds
      from generate_series(${from}::timestamptz, ${now}::timestamptz, interval '24 hours') as d (day)
      join copies c on c.from_at < d.day + interval '24 hours' and c.until_at > d.day
      group by 1, 2)
    select to_char(day at time zone 'UTC', 'YYYY-MM-DD') as day, max(seconds)::int as "rpoSeconds",
      (percentile_disc(0.5) within group (order by seconds))::int as "medianRpoSeconds", count(*)::int as measured,
      count(*) filter (where seconds > ${rpoTargetSeconds}::int)::int as over
    from ages group by 1`;
  const drills = await rows<DrillsOfDay & { missed: number }>(em)`
    select to_char(d.finished_at at time zone 'UTC', 'YYYY-MM-DD') as day, count(*)::int as drills,
      count(*) filter (where d.state = 'failed')::int as failed, max(d.rto_ms)::float8 as "rtoMs",
      (array_agg(d.id order by d.rto_ms desc nulls last))[1] as "drillId"
    from backup_drills d join tenants t on t.id = d.tenant_id
    where ${about} and d.state in ('proven', 'failed') and d.finished_at >= ${from}::timestamptz group by 1`;
  const [rto] = await rows<RecoveryTrend['rto']>(em)`
    select max(d.rto_ms)::float8 as "worstMs", (percentile_disc(0.5) within group (order by d.rto_ms))::float8 as "medianMs",
      count(*)::int as measured, count(*) filter (where d.rto_ms > d.rto_target_ms)::int as missed
    from backup_drills d join tenants t on t.id = d.tenant_id
    where ${about} and d.state = 'proven' and d.finished_at >= ${from}::timestamptz`;
  const [copiesOf, drillsOf] = [
    new Map(copies.map((one) => [one.day, one])),
    new Map(drills.map((one) => [one.day, one])),
  ];
  const all = Array.from({ length: days }, (_, at): RecoveryDay => {
    const day = new Date(Date.parse(from) + at * dayMs).toISOString().slice(0, 10);
    return { ...nothing, ...drillsOf.get(day), ...copiesOf.get(day), day };
  });
  const measured = all.flatMap(({ rpoSeconds }) => (rpoSeconds === null ? [] : [rpoSeconds]));
  return {
    plan,
    from: from.slice(0, 10),
    to: new Date(to).toISOString().slice(0, 10),
    rpoTargetSeconds,
    rtoTargetMs,
    rpo: {
      worstSeconds: measured.length > 0 ? Math.max(...measured) : null,
      daysMeasured: measured.length,
      daysMissed: all.filter(({ over }) => over > 0).length,
    },
    rto: rto ?? { worstMs: null, medianMs: null, measured: 0, missed: 0 },
    days: all,
  };
}

const nothing: Omit<RecoveryDay, 'day'> = {
  rpoSeconds: null,
  medianRpoSeconds: null,
  measured: 0,
  over: 0,
  drills: 0,
  failed: 0,
  rtoMs: null,
  drillId: null,
};
