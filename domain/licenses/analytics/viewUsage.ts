import { sql, type RawBuilder } from 'kysely';
import type { SeatReport, UsageQuery, UsageReport } from '#contracts/licenses/analytics.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';
import { isCounted, limitOf, type About } from './counted.ts';

const dayMs = 86_400_000;
const tenantsShown = 100;
const metersShown = 50;
const peakDays = 30;

export const dayOf = (time: Date): string => time.toISOString().slice(0, 10);

/** The days that are asked for; by default so many until today. */
export function daysAsked(
  { from, to }: { from?: string | undefined; to?: string | undefined },
  now: Date,
  byDefault = 30,
): { from: string; to: string } {
  const last = to ?? dayOf(now);
  return { from: from ?? dayOf(new Date(Date.parse(last) - (byDefault - 1) * dayMs)), to: last };
}

/** What was measured in a time, as it is rolled up: by the hour or the day, and by tenant. */
export async function viewUsage(
  em: Sql,
  about: About,
  { meter, per, ...asked }: Pick<UsageQuery, 'meter' | 'per' | 'from' | 'to'>,
  now: Date,
): Promise<UsageReport> {
  const { from, to } = daysAsked(asked, now);
  const isMeant = sql`${isCounted(about)} and u.day between ${from}::date and ${to}::date${ofMeter(meter)}`;
  const meters = await rows<{ meter: string }>(em)`
    select u.meter from license_usage_days u join licenses l on l.id = u.license_id
    where ${isCounted(about)} and u.day between ${from}::date and ${to}::date
    group by 1 order by sum(u.events) desc, 1 limit ${metersShown}`;
  const byHour = sql`
    select u.meter, u.hour as at, sum(u.quantity)::float8 as quantity, sum(u.events)::int as events
    from license_usage_hours u join licenses l on l.id = u.license_id
    where ${isCounted(about)} and u.hour >= ${from}::date::timestamp at time zone 'UTC'
      and u.hour < (${to}::date + 1)::timestamp at time zone 'UTC'${ofMeter(meter)}`;
  const byDay = sql`
    select u.meter, u.day::timestamp at time zone 'UTC' as at, sum(u.quantity)::float8 as quantity, sum(u.events)::int as events
    from license_usage_days u join licenses l on l.id = u.license_id where ${isMeant}`;
  const series = await rows<UsageReport['series'][number]>(em)`
    ${per === 'hour' ? byHour : byDay} group by 1, 2 order by 1, 2`;
  const tenants = await rows<UsageReport['tenants'][number]>(em)`
    select l.tenant_id as "tenantId", t.name as "tenantName", u.meter, sum(u.quantity)::float8 as quantity, sum(u.events)::int as events
    from license_usage_days u join licenses l on l.id = u.license_id join tenants t on t.id = l.tenant_id
    where ${isMeant} group by 1, 2, 3 order by quantity desc, 1, 3 limit ${tenantsShown}`;
  return {
    from,
    to,
    meters: meters.map((one) => one.meter),
    series: series.map((one) => ({ ...one, at: isoOf(one.at) })),
    tenants,
  };
}

const ofMeter = (meter: string | undefined): RawBuilder<unknown> => (meter ? sql` and u.meter = ${meter}` : sql``);

/** Seats and machines that are checked out at `now`, by tenant. */
export async function viewSeats(em: Sql, about: About, now: Date): Promise<SeatReport['items']> {
  const found = await rows<{
    tenant_id: string;
    name: string;
    licenses: number;
    seats: number;
    seat_limit: number | null;
    seat_peak: number;
    machines: number;
    machine_limit: number | null;
    machine_peak: number;
  }>(em)`
    with used as (
      select license_id, count(*) filter (where kind = 'seat') as seats, count(*) filter (where kind = 'machine') as machines
      from license_uses where dies_at is null or dies_at > ${now} group by 1),
    peaks as (
      select license_id, coalesce(max(peak) filter (where kind = 'seat'), 0) as seats, coalesce(max(peak) filter (where kind = 'machine'), 0) as machines
      from license_use_days where day > (${now}::timestamptz at time zone 'UTC')::date - ${peakDays}::int group by 1)
    select l.tenant_id, t.name, count(*)::int as licenses,
           coalesce(sum(u.seats), 0)::int as seats, coalesce(sum(u.machines), 0)::int as machines,
           case when bool_and(${limitOf('seats')} is not null) then sum(${limitOf('seats')})::float8 end as seat_limit,
           case when bool_and(${limitOf('machines')} is not null) then sum(${limitOf('machines')})::float8 end as machine_limit,
           coalesce(sum(greatest(k.seats, u.seats)), 0)::int as seat_peak, coalesce(sum(greatest(k.machines, u.machines)), 0)::int as machine_peak
    from licenses l
    join tenants t on t.id = l.tenant_id
    join license_policies p on p.name = l.policy_name and p.version = l.policy_version
    left join used u on u.license_id = l.id
    left join peaks k on k.license_id = l.id
    where ${isCounted(about)} and l.state = 'active'
    group by 1, 2 order by seats desc, machines desc, t.name, 1 limit ${tenantsShown}`;
  return found.map((row) => ({
    tenantId: row.tenant_id,
    tenantName: row.name,
    licenses: row.licenses,
    seats: { used: row.seats, limit: row.seat_limit, peak: row.seat_peak },
    machines: { used: row.machines, limit: row.machine_limit, peak: row.machine_peak },
  }));
}
