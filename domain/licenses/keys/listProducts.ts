import type { CompromisedKey, LicenseProduct } from '#contracts/licenses/keys.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';
import { subjectOfKey } from './subjectOfKey.ts';

/** What licences are issued for, with the list of each, and with keys that were compromised. */
export async function listProducts(em: Sql): Promise<LicenseProduct[]> {
  const found = await rows<{ name: string; created_at: string; revocation_number: string; revocations: number }>(em)`
    select p.name, p.created_at, p.revocation_number,
           (select count(*)::int from license_revocations r where r.product = p.name)
             + (select count(*)::int from licenses l
                where l.product = p.name and l.access = 'suspended' and l.state in ('active', 'suspended')
                  and not exists (select 1 from license_revocations r where r.license_id = l.id)) as revocations
    from license_products p order by p.name`;
  const compromised = await compromisedKeys(em);
  return found.map(({ name, created_at, revocation_number, revocations }) => ({
    name,
    createdAt: isoOf(created_at),
    revocationNumber: Number(revocation_number),
    revocations,
    compromised: compromised.get(name) ?? [],
  }));
}

type Row = { product: string; kid: string; compromised_at: string; licenses: number } & (
  { run_id: null; state: null } | { run_id: string; state: NonNullable<CompromisedKey['reissue']>['state'] }
);

async function compromisedKeys(em: Sql): Promise<Map<string, CompromisedKey[]>> {
  const found = await rows<Row>(em)`
    select k.product, k.kid, k.compromised_at, r.id as run_id, r.state,
           (select count(*)::int from licenses l where l.kid = k.kid and l.state in ('active', 'suspended')) as licenses
    from license_keys k left join lateral (
      select id, state from runs where kind = 'reissueLicenses' and subject_id = ${subjectOfKey} order by created_at desc limit 1) r on true
    where k.compromised_at is not null order by k.compromised_at desc`;
  const keys = found.map((row) => ({
    product: row.product,
    key: {
      kid: row.kid,
      compromisedAt: isoOf(row.compromised_at),
      licenses: row.licenses,
      reissue: row.run_id === null ? null : { runId: row.run_id, state: row.state },
    },
  }));
  return new Map(
    [...Map.groupBy(keys, ({ product }) => product)].map(([product, of]) => [product, of.map(({ key }) => key)]),
  );
}
