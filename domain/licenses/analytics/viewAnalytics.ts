import { soonDays, type LicenseAnalytics } from '#contracts/licenses/analytics.ts';
import type { LicenseStanding } from '#contracts/licenses/licenses.ts';
import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';
import { isCounted, limitOf, type About } from './counted.ts';
import { endedTerms } from './endedTerms.ts';

const dayMs = 86_400_000;
const monthsShown = 12;

/** What all licences in sight come to at `now`. */
export async function viewAnalytics(em: Sql, about: About, now: Date): Promise<LicenseAnalytics> {
  return {
    standings: await countStandings(em, about, now),
    expiring: await countExpiring(em, about, now),
    seats: await countSeats(em, about, now),
    renewals: await countRenewals(em, about, now),
  };
}

async function countStandings(em: Sql, about: About, now: Date): Promise<LicenseAnalytics['standings']> {
  const counted = await rows<{ standing: LicenseStanding; count: number }>(em)`
    select case when l.state = 'revoked' then 'revoked' when l.state = 'suspended' or l.access = 'suspended' or t.state <> 'active' then 'suspended'
                when l.starts_at > ${now} then 'not_yet_valid'
                when l.expires_at is null or l.expires_at > ${now} then 'valid'
                when l.over_at > ${now} then 'grace' else 'expired' end as standing,
           count(*)::int as count
    from licenses l join tenants t on t.id = l.tenant_id where ${isCounted(about)} group by 1`;
  return Object.fromEntries(counted.map(({ standing, count }) => [standing, count]));
}

async function countExpiring(em: Sql, about: About, now: Date): Promise<LicenseAnalytics['expiring']> {
  const [within = 0] = soonDays.slice(-1);
  const found = await rows<{ days: number; count: number }>(em)`
    select ceil(extract(epoch from l.expires_at - ${now}::timestamptz) / 86400)::int as days, count(*)::int as count
    from licenses l
    where ${isCounted(about)} and l.state in ('active', 'suspended')
      and l.expires_at > ${now} and l.expires_at <= ${new Date(now.getTime() + within * dayMs)}
    group by 1`;
  return soonDays.map((withinDays) => ({
    withinDays,
    count: found.filter(({ days }) => days <= withinDays).reduce((sum, { count }) => sum + count, 0),
  }));
}

async function countSeats(em: Sql, about: About, now: Date): Promise<LicenseAnalytics['seats']> {
  const [seats] = await rows<LicenseAnalytics['seats']>(em)`
    with used as (
      select license_id, count(*) as count from license_uses
      where kind = 'seat' and (dies_at is null or dies_at > ${now}) group by 1)
    select coalesce(sum(u.count), 0)::int as used,
           coalesce(sum(u.count) filter (where ${limitOf('seats')} is not null), 0)::int as limited,
           coalesce(sum(${limitOf('seats')}), 0)::bigint::float8 as limit
    from licenses l
    join license_policies p on p.name = l.policy_name and p.version = l.policy_version
    left join used u on u.license_id = l.id
    where ${isCounted(about)} and l.state = 'active'`;
  return seats ?? { used: 0, limited: 0, limit: 0 };
}

/** By the month in which terms ended. Trials are no terms that anybody renews. */
async function countRenewals(em: Sql, about: About, now: Date): Promise<LicenseAnalytics['renewals']> {
  const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - monthsShown + 1, 1));
  const found = await rows<LicenseAnalytics['renewals'][number]>(em)`
    select to_char(m.month at time zone 'UTC', 'YYYY-MM') as month,
           count(e.ended_at)::int as ended, count(e.renewed_at)::int as renewed
    from generate_series(${first}::timestamptz, ${now}::timestamptz, interval '1 month', 'UTC') as m (month)
    left join (
      select t.* from ${endedTerms(now)} t join licenses l on l.id = t.license_id
      where ${isCounted(about)} and not l.is_trial and t.ended_at >= ${first}) e
      on e.ended_at >= m.month and e.ended_at < date_add(m.month, interval '1 month', 'UTC')
    group by 1 order by 1`;
  return found;
}
