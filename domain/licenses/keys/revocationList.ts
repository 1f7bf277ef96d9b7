import { writeRevocations } from '#packages/license/src/writing.ts';
import type { RevocationReason } from '#contracts/licenses/licenses.ts';
import type { Sql } from '../../database.ts';
import type { Installation } from '../../installation.ts';
import { rows } from '../../sql.ts';
import { fileTime } from '../fileTimes.ts';
import { licenseSignerOf, listsLastMs, lockProduct, noSuchProduct, type LicenseSigner } from './signingKeys.ts';

/** A list is issued anew each day that somebody asks for it: its date proves contact to whoever verifies offline. */
const freshMs = 24 * 60 * 60 * 1000;

interface Listed {
  revocation_number: string;
  list_number: string | null;
  list_kid: string | null;
  list_text: string | null;
  list_issued_at: string | null;
}

export interface RevocationList {
  number: number;
  /** The file: armoured, signed. */
  text: string;
}

/**
 * The signed list of what is revoked of a product. It is issued anew when something was revoked since, when another key signs, or after a
 * day; each issue has a greater number, and all processes give out the same text for the same number. Refuses with `not_found`.
 */
export async function revocationListOf(
  em: Sql,
  installation: Installation,
  product: string,
  now: Date,
): Promise<RevocationList> {
  const known = standing(
    await readListed(em, product),
    (await licenseSignerOf(em, installation, product, now)).kid,
    now,
  );
  if (known) return known;
  return em.transactional(async (tx) => {
    await lockProduct(tx, product);
    const signer = await licenseSignerOf(tx, installation, product, now);
    const listed = await readListed(tx, product);
    return standing(listed, signer.kid, now) ?? (await issueList(tx, product, listed, signer, now));
  });
}

async function readListed(em: Sql, product: string): Promise<Listed> {
  const [row] = await rows<Listed>(em)`
    select revocation_number, list_number, list_kid, list_text, list_issued_at from license_products
    where name = ${product}`;
  if (!row) throw noSuchProduct(product);
  return row;
}

function standing(listed: Listed, kid: string, now: Date): RevocationList | null {
  const { revocation_number, list_number, list_kid, list_text, list_issued_at } = listed;
  if (list_text === null || list_issued_at === null || list_number !== revocation_number || list_kid !== kid)
    return null;
  if (now.getTime() - new Date(list_issued_at).getTime() >= freshMs) return null;
  return { number: Number(list_number), text: list_text };
}

async function issueList(
  em: Sql,
  product: string,
  { revocation_number, list_number }: Listed,
  { kid, sign }: LicenseSigner,
  now: Date,
): Promise<RevocationList> {
  const number = Number(revocation_number) + (revocation_number === (list_number ?? '0') ? 1 : 0);
  await dropOutlived(em, product, now);
  const revoked = await listedNow(em, product);
  const text = await writeRevocations({
    claims: {
      typ: 'tenantry-revocations',
      v: 1,
      kid,
      product,
      number,
      issuedAt: fileTime(now),
      nextUpdate: fileTime(new Date(now.getTime() + listsLastMs)),
      revoked: revoked.map(({ license_id: id, serial, reason, at }) => ({
        id,
        serial,
        at: fileTime(new Date(at)),
        reason,
      })),
    },
    sign,
  });
  await rows(em)`
    update license_products
    set revocation_number = ${number}, list_number = ${number}, list_kid = ${kid}, list_text = ${text}, list_issued_at = ${now}
    where name = ${product}`;
  return { number, text };
}

/** For so long after its last file is over an entry stays: nobody's clock is that wrong. */
const outlivedDays = 30;

/**
 * What is over everywhere needs no entry: each file of it says so itself, and a clock that is set back to before its end is behind the
 * date of the list. What goes on after its end (degraded, or only logged) is never over.
 */
async function dropOutlived(em: Sql, product: string, now: Date): Promise<void> {
  await rows(em)`
    delete from license_revocations r using licenses l
    where r.product = ${product} and l.id = r.license_id
      and greatest(l.files_end_at, r.at) < ${now}::timestamptz - make_interval(days => ${outlivedDays}::int)`;
}

/** What was revoked by itself, and what is closed with its tenant: of that every serial so far, for as long as it is closed. */
const listedNow = (em: Sql, product: string) =>
  rows<{ license_id: string; serial: number | null; reason: string; at: string }>(em)`
    select coalesce(r.license_id, l.id) as license_id,
           case when l.id is null then r.serial else greatest(r.serial, l.serial) end as serial,
           case when l.id is null then r.reason else 'suspended' end as reason, greatest(r.at, l.access_at) as at
    from (select * from license_revocations where product = ${product}) r
    full join (select id, serial, access_at from licenses
               where product = ${product} and access = 'suspended' and state in ('active', 'suspended')) l on l.id = r.license_id
    order by 1`;

/**
 * Puts a licence on the list: this serial and every older one, or all for good when `serial` is null. The list's number grows in the
 * caller's transaction, which holds the licence.
 */
export async function revokeOnList(
  em: Sql,
  {
    licenseId,
    product,
    serial,
    reason,
    at,
  }: { licenseId: string; product: string; serial: number | null; reason: RevocationReason; at: Date },
): Promise<void> {
  await rows(em)`
    insert into license_revocations as known (license_id, product, serial, reason, at)
    values (${licenseId}, ${product}, ${serial}::int, ${reason}, ${at})
    on conflict (license_id) do update set serial = excluded.serial, reason = excluded.reason, at = excluded.at
    where known.serial is not null`;
  await rows(em)`update license_products set revocation_number = revocation_number + 1 where name = ${product}`;
}
