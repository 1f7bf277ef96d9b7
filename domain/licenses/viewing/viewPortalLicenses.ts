import { DomainError } from '#contracts/errors.ts';
import type { PortalLicenses } from '#contracts/portal/licenses.ts';
import { LicensePolicyRules } from '#contracts/licenses/policies.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';
import { standingOf, type LicenseRow } from '../licenseRow.ts';
import { granted, overridesOf } from '../signing/overridesOf.ts';

const most = 100;

type Row = LicenseRow & { rules: object; seats: number; machines: number };

/** The licences of a tenant that are in force, or were until their time was over, as its own people see them. */
export async function viewPortalLicenses(em: Sql, tenantId: string, now: Date): Promise<PortalLicenses> {
  const found = await rows<Row>(em)`
    select l.*, p.rules, u.seats, u.machines from licenses l
    join license_policies p on p.name = l.policy_name and p.version = l.policy_version
    cross join lateral (
      select count(*) filter (where kind = 'seat')::int as seats, count(*) filter (where kind = 'machine')::int as machines
      from license_uses where license_id = l.id and (dies_at is null or dies_at > ${now})) u
    where l.tenant_id = ${tenantId} and l.state in ('active', 'suspended')
    order by l.created_at desc, l.id desc limit ${most}`;
  const overridden = await overridesOf(
    em,
    found.map(({ id }) => id),
    now,
  );
  return {
    items: found.map((row) => {
      const { seats, machines, entitlements } = LicensePolicyRules.parse(row.rules);
      return {
        id: row.id,
        product: row.product,
        plan: row.plan,
        standing: standingOf(row, now),
        trial: row.is_trial,
        test: row.is_test,
        startsAt: isoOf(row.starts_at),
        expiresAt: row.expires_at && isoOf(row.expires_at),
        overAt: row.over_at && isoOf(row.over_at),
        seats: { limit: seats.limit, used: row.seats },
        machines: { limit: machines.limit, used: row.machines },
        entitlements: granted(entitlements, overridden.get(row.id) ?? []),
      };
    }),
  };
}

/** Of another tenant nothing is told, not even that it is there. Refuses with `not_found`. */
export async function refuseForeignLicense(em: Sql, tenantId: string, licenseId: string): Promise<void> {
  const own = await rows(em)`select 1 from licenses where id = ${licenseId} and tenant_id = ${tenantId}`;
  if (own.length === 0) throw new DomainError('not_found', 'There is no such licence.');
}
