import { sql } from 'kysely';
import type { LicenseReport, ReportQuery } from '#contracts/licenses/analytics.ts';
import { csvLine } from '../../csvCells.ts';
import type { Registry, Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';
import { isCounted, limitOf, type About } from './counted.ts';
import { endedTerms } from './endedTerms.ts';
import { daysAsked } from './viewUsage.ts';

const pageRows = 2_000;
const dayMs = 86_400_000;
const nobody = '00000000-0000-0000-0000-000000000000';
const renewalDays = 365;

/** After which row a page begins. */
interface Place {
  id: string;
  meter: string;
  at: string;
}
type Row = Place & Record<string, unknown>;
type Asked = ReportQuery & { about: About; now: Date };

interface Report {
  columns: readonly string[];
  page(em: Sql, asked: Asked, after: Place): Promise<Row[]>;
}

/** What every row begins with. */
const whose = ['license', 'tenant', 'tenant_name', 'product', 'plan'] as const;
const ofLicense = sql`l.id, l.id as license, l.tenant_id as tenant, t.name as tenant_name, l.product, l.plan`;

const reports: Record<LicenseReport, Report> = {
  usage: {
    columns: [...whose, 'meter', 'day', 'quantity', 'events'],
    async page(em, { about, now, meter, ...asked }, after) {
      const { from, to } = daysAsked(asked, now);
      return rows<Row>(em)`
        select ${ofLicense}, u.meter, u.day::text as at, u.day::text as day, u.quantity::text as quantity, u.events::text as events
        from license_usage_days u join licenses l on l.id = u.license_id join tenants t on t.id = l.tenant_id
        where ${isCounted(about)} and u.day between ${from}::date and ${to}::date
          and (${meter ?? null}::text is null or u.meter = ${meter ?? null})
          and (l.id, u.meter, u.day) > (${after.id}::uuid, ${after.meter}, ${after.at || '-infinity'}::date)
        order by l.id, u.meter, u.day limit ${pageRows}`;
    },
  },
  seats: {
    columns: [...whose, 'seats', 'seat_limit', 'machines', 'machine_limit'],
    page: (em, { about, now }, after) => rows<Row>(em)`
      select ${ofLicense}, '' as meter, '' as at, ${limitOf('seats')} as seat_limit, ${limitOf('machines')} as machine_limit,
             u.seats, u.machines
      from licenses l join tenants t on t.id = l.tenant_id
      join license_policies p on p.name = l.policy_name and p.version = l.policy_version
      cross join lateral (
        select count(*) filter (where kind = 'seat') as seats, count(*) filter (where kind = 'machine') as machines
        from license_uses where license_id = l.id and (dies_at is null or dies_at > ${now})) u
      where ${isCounted(about)} and l.state = 'active' and l.id > ${after.id}::uuid
      order by l.id limit ${pageRows}`,
  },
  expiring: {
    columns: [...whose, 'trial', 'state', 'ends_at', 'days_left'],
    page: (em, { about, now, days }, after) => rows<Row>(em)`
      select ${ofLicense}, '' as meter, l.expires_at as at, l.expires_at as ends_at, l.is_trial as trial, l.state,
             floor(extract(epoch from l.expires_at - ${now}::timestamptz) / 86400)::int as days_left
      from licenses l join tenants t on t.id = l.tenant_id
      where ${isCounted(about)} and l.state in ('active', 'suspended')
        and l.expires_at > ${now} and l.expires_at <= ${new Date(now.getTime() + days * dayMs)}
        and (l.expires_at, l.id) > (${after.at || '-infinity'}::timestamptz, ${after.id}::uuid)
      order by l.expires_at, l.id limit ${pageRows}`,
  },
  renewals: {
    columns: [...whose, 'term_ended_at', 'outcome', 'renewed_at'],
    async page(em, { about, now, ...asked }, after) {
      const { from, to } = daysAsked(asked, now, renewalDays);
      return rows<Row>(em)`
        select ${ofLicense}, '' as meter, e.ended_at as at, e.ended_at as term_ended_at, e.renewed_at,
               case when e.renewed_at is null then 'not_renewed' else 'renewed' end as outcome
        from ${endedTerms(now)} e join licenses l on l.id = e.license_id join tenants t on t.id = l.tenant_id
        where ${isCounted(about)} and not l.is_trial
          and e.ended_at >= ${from}::date::timestamp at time zone 'UTC' and e.ended_at < (${to}::date + 1)::timestamp at time zone 'UTC'
          and (e.ended_at, l.id) > (${after.at || '-infinity'}::timestamptz, ${after.id}::uuid)
        order by e.ended_at, l.id limit ${pageRows}`;
    },
  },
};

/** A report as CSV (RFC 4180), some thousands of rows in memory at a time; no cell is carried out by a spreadsheet. */
export async function* writeReport(registry: Registry, report: LicenseReport, asked: Asked): AsyncGenerator<string> {
  const { columns, page } = reports[report];
  yield csvLine(columns);
  for (let after: Place = { id: nobody, meter: '', at: '' }; ;) {
    const found = await page(registry.em.fork(), asked, after);
    if (found.length > 0) yield found.map((row) => csvLine(columns.map((name) => textOf(name, row[name])))).join('');
    const last = found.at(-1);
    if (!last || found.length < pageRows) return;
    after = { id: last.id, meter: last.meter, at: last.at };
  }
}

const textOf = (name: string, value: unknown): string => {
  if (value === null || value === undefined) return '';
  const text = String(value as string | number | boolean);
  return name.endsWith('_at') ? isoOf(text) : text;
};
