import { sql } from 'kysely';
import type { License, LicensePage, LicenseQuery } from '#contracts/licenses/licenses.ts';
import { LicensePolicyRules } from '#contracts/licenses/policies.ts';
import type { Reach } from '../access/grants.ts';
import { withinReach } from '../access/withinReach.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import type { Sql } from '../database.ts';
import { foldForSearch } from '../tenants/searchText.ts';
import { isoOf } from '../isoOf.ts';
import { rows } from '../sql.ts';
import { endOfTime } from './calendar.ts';
import { findLicense, standingOf, type LicenseRow } from './licenseRow.ts';
import { granted, overridesOf } from './signing/overridesOf.ts';

/** Where what never ends stands among ends. */
const never = new Date(endOfTime + 1_000).toISOString();

/** A page of licences by keyset. */
export async function listLicenses(em: Sql, query: LicenseQuery, reach: Reach, now: Date): Promise<LicensePage> {
  const where = [
    withinReach(reach, sql`l.tenant_id`),
    ...(query.q ? [matches(query.q)] : []),
    ...(query.tenantId ? [sql`l.tenant_id = ${query.tenantId}::uuid`] : []),
    ...(query.product ? [sql`l.product = ${query.product}`] : []),
    ...(query.plan ? [sql`l.plan = ${query.plan}`] : []),
    ...(query.state ? [sql`l.state = ${query.state}`] : []),
    ...(query.test ? [sql`l.is_test = ${query.test === 'true'}`] : []),
    ...(query.expiresFrom ? [sql`l.expires_at >= ${query.expiresFrom}::timestamptz`] : []),
    ...(query.expiresBefore ? [sql`l.expires_at < ${query.expiresBefore}::timestamptz`] : []),
  ];
  const byEnd = query.sort === 'expiresAt';
  const column = byEnd ? sql`coalesce(l.expires_at, ${never}::timestamptz)` : sql`l.created_at`;
  const descending = query.sort === '-createdAt';
  const [direction, beyond] = descending ? [sql`desc`, sql`<`] : [sql`asc`, sql`>`];
  if (query.cursor) {
    const after = readCursor(query.cursor, 'time');
    where.push(sql`(${column}, l.id) ${beyond} (${after.value}::timestamptz, ${after.id}::uuid)`);
  }
  const found = await rows<LicenseRow>(em)`
    select l.* from licenses l where ${sql.join(where, sql` and `)}
    order by ${column} ${direction}, l.id ${direction} limit ${query.limit + 1}`;
  const shown = found.slice(0, query.limit);
  const last = shown.at(-1);
  const endOfPage = last && isoOf(byEnd ? (last.expires_at ?? never) : last.created_at);
  return {
    items: await viewAll(em, shown, now),
    nextCursor: last && endOfPage && found.length > query.limit ? writeCursor(endOfPage, last.id) : null,
  };
}

/** Refuses with `not_found`. */
export async function viewLicense(em: Sql, id: string, now: Date): Promise<License> {
  const [view] = await viewAll(em, [await findLicense(em, id)], now);
  return view!;
}

/** What a tenant takes with it: its licences with what was signed. */
export async function exportedLicenses(em: Sql, tenantId: string): Promise<object[]> {
  const found = await rows<LicenseRow>(
    em,
  )`select * from licenses where tenant_id = ${tenantId} order by created_at, id`;
  return found.map(({ id, product, plan, state, starts_at, expires_at, claims }) => ({
    id,
    product,
    plan,
    state,
    startsAt: isoOf(starts_at),
    expiresAt: expires_at && isoOf(expires_at),
    claims: claims === null ? null : (JSON.parse(claims) as object),
  }));
}

const isId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const matches = (q: string) =>
  isId.test(q)
    ? sql`l.id = ${q}::uuid`
    : sql`l.tenant_id in (select id from tenants where search_text like ${`%${foldForSearch(q).replace(/[\\%_]/g, '\\$&')}%`})`;

async function viewAll(em: Sql, found: LicenseRow[], now: Date): Promise<License[]> {
  const policies = await rows<{ name: string; version: number; rules: object }>(em)`
    select name, version, rules from license_policies
    where (name, version) in (
      select policy_name, policy_version from licenses where id = any(${found.map(({ id }) => id)}::uuid[]))`;
  const tenants = await rows<{ id: string; name: string }>(em)`
    select id, name from tenants where id = any(${found.map(({ tenant_id }) => tenant_id)}::uuid[])`;
  const names = new Map(tenants.map(({ id, name }) => [id, name]));
  const rules = new Map(policies.map((one) => [`${one.name} ${one.version}`, LicensePolicyRules.parse(one.rules)]));
  const overridden = await overridesOf(
    em,
    found.map(({ id }) => id),
    now,
  );
  return found.map((row) => {
    const overrides = overridden.get(row.id) ?? [];
    const byPolicy = rules.get(`${row.policy_name} ${row.policy_version}`)?.entitlements ?? {};
    return {
      id: row.id,
      tenantId: row.tenant_id,
      tenantName: names.get(row.tenant_id) ?? '',
      product: row.product,
      plan: row.plan,
      policy: { name: row.policy_name, version: row.policy_version },
      state: row.state,
      access: row.access,
      provisioned: row.tag !== null,
      standing: standingOf(row, now),
      lapse: row.lapse,
      serial: row.serial,
      kid: row.kid,
      trial: row.is_trial,
      test: row.is_test,
      startsAt: isoOf(row.starts_at),
      expiresAt: row.expires_at && isoOf(row.expires_at),
      overAt: row.over_at && isoOf(row.over_at),
      issuedAt: isoOf(row.issued_at),
      createdAt: isoOf(row.created_at),
      transferredFrom: row.transferred_from,
      cancelledAtEndAt: row.cancelled_at_end_at && isoOf(row.cancelled_at_end_at),
      entitlements: granted(byPolicy, overrides),
      overrides,
    };
  });
}
