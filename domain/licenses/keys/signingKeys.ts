import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { DomainError } from '#contracts/errors.ts';
import type { LicenseKey, LicenseKeyRotation } from '#contracts/licenses/keys.ts';
import { publicKeyOf } from '../../audit/statements.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import type { Installation } from '../../installation.ts';
import { isoOf } from '../../isoOf.ts';
import { seal, unseal, type Keyring } from '../../secrets/keyring.ts';
import { rows } from '../../sql.ts';
import { beginningOfTime } from '../calendar.ts';

/** What signs the licences of a product now. The private key does not leave it. */
export interface LicenseSigner {
  kid: string;
  /** Ed25519 (RFC 8032): 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array;
}

interface Row {
  kid: string;
  public_key: Buffer;
  sealed_private: Buffer | null;
  signs_from: string;
  retired_at: string | null;
}

/** For how long a list of revocations says of itself that it will do. */
export const listsLastMs = 7 * 24 * 60 * 60 * 1000;

const contextOf = (kid: string): string => `license-key/${kid}`;

/** Those that were used, so that unsealing is not paid for with each licence. */
const opened = new Map<string, KeyObject>();

/**
 * The key that signs at `now`, made when the product has none yet; a key whose moment has come takes over here, and the one before is
 * retired: its private half is destroyed, and it verifies what it signed. Refuses with `not_found` a product that no policy names.
 */
export async function licenseSignerOf(
  em: Sql,
  { keyring }: Installation,
  product: string,
  now: Date,
): Promise<LicenseSigner> {
  const unretired = await unretiredKeys(em, product);
  const row = signingAt(unretired, now);
  if (!row) return signerOf(keyring, await makeFirstKey(em, keyring, product, now));
  if (row !== unretired.at(-1)) await retireBefore(em, product, row);
  return signerOf(keyring, row);
}

/** Those that sign or will, the newest first. */
const unretiredKeys = (em: Sql, product: string): Promise<Row[]> =>
  rows<Row>(em)`
    select kid, public_key, sealed_private, signs_from, retired_at from license_keys
    where product = ${product} and retired_at is null order by signs_from desc`;

/** The newest whose moment has come; for a clock that is behind, the one whose moment comes first. */
const signingAt = (unretired: Row[], now: Date): Row | undefined =>
  unretired.find(({ signs_from }) => new Date(signs_from) <= now) ?? unretired.at(-1);

async function makeFirstKey(em: Sql, keyring: Keyring, product: string, now: Date): Promise<Row> {
  return em.transactional(async (tx) => {
    await lockProduct(tx, product);
    const made = signingAt(await unretiredKeys(tx, product), now);
    return made ?? (await writeKey(tx, keyring, product, new Date(beginningOfTime)));
  });
}

async function writeKey(em: Sql, keyring: Keyring, product: string, signsFrom: Date): Promise<Row> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const { kid } = publicKeyOf(raw);
  const sealed = seal(keyring.platformKey, privateKey.export({ format: 'der', type: 'pkcs8' }), contextOf(kid));
  const [row] = await rows<Row>(em)`
    insert into license_keys (kid, product, public_key, sealed_private, signs_from)
    values (${kid}, ${product}, ${raw}, ${sealed}, ${signsFrom})
    returning kid, public_key, sealed_private, signs_from, retired_at`;
  return row!;
}

const retireBefore = (em: Sql, product: string, { kid, signs_from }: Row): Promise<unknown> =>
  rows(em)`
    update license_keys set retired_at = ${signs_from}, sealed_private = null
    where product = ${product} and retired_at is null and kid <> ${kid} and signs_from <= ${signs_from}`;

function signerOf(keyring: Keyring, { kid, sealed_private: sealed }: Row): LicenseSigner {
  const known = opened.get(kid);
  const key =
    known ??
    createPrivateKey({ key: unseal(keyring.platformKey, sealed!, contextOf(kid)), format: 'der', type: 'pkcs8' });
  if (!known) opened.set(kid, key);
  return { kid, sign: (bytes) => sign(null, bytes, key) };
}

/** Refuses with `not_found`. Whoever holds it is alone in changing the keys and the list of this product. */
export async function lockProduct(em: Sql, product: string): Promise<void> {
  const found = await rows(em)`select 1 from license_products where name = ${product} for update`;
  if (found.length === 0) throw noSuchProduct(product);
}

export const noSuchProduct = (product: string): DomainError =>
  new DomainError('not_found', `There is no product "${product}" that licences are issued for.`);

/**
 * The keys by which licences of this product are verified, the newest first: those that sign or will, and those that signed a licence
 * that is not over, or a list that may still be in use, unless they were compromised. Refuses with `not_found`.
 */
export async function listLicenseKeys(
  em: Sql,
  installation: Installation,
  product: string,
  now: Date,
): Promise<LicenseKey[]> {
  const { kid: current } = await licenseSignerOf(em, installation, product, now);
  const found = await rows<Row>(em)`
    select kid, public_key, sealed_private, signs_from, retired_at from license_keys
    where product = ${product} and compromised_at is null and (
      retired_at is null or retired_at > ${new Date(now.getTime() - listsLastMs)} or exists (
        select 1 from licenses l
        where l.kid = license_keys.kid and l.state in ('active', 'suspended') and (l.over_at is null or l.over_at > ${now})))
    order by signs_from desc`;
  return found.map((row) => keyView(row, current));
}

function keyView({ kid, public_key, signs_from, retired_at }: Row, current: string): LicenseKey {
  const { kty, crv, x } = publicKeyOf(public_key);
  const key = createPublicKey({ key: { kty, crv, x }, format: 'jwk' });
  return {
    kty,
    crv,
    x,
    kid,
    alg: 'EdDSA',
    use: 'sig',
    pem: key.export({ type: 'spki', format: 'pem' }) as string,
    state: kid === current ? 'current' : retired_at === null ? 'next' : 'retired',
    signsFrom: isoOf(signs_from),
    retiredAt: retired_at && isoOf(retired_at),
  };
}

/**
 * Makes the next key, which is published from now on and signs when whoever verifies had time to take it. One that is compromised is
 * followed at once, and what it signed must be reissued. Refuses with `not_found`, `license_key_rotating` while a next one waits.
 */
export async function rotateLicenseKey(
  em: Sql,
  { keyring, ...installation }: Installation,
  product: string,
  { publishSeconds, compromised, now }: LicenseKeyRotation & { now: Date },
  actor: Actor,
): Promise<void> {
  await lockProduct(em, product);
  const old = await licenseSignerOf(em, { keyring, ...installation }, product, now);
  const [waiting] = await rows<{ kid: string }>(em)`
    select kid from license_keys where product = ${product} and retired_at is null and signs_from > ${now}`;
  if (waiting && !compromised)
    throw new DomainError('license_key_rotating', 'The next key is published already; it has not begun to sign.');
  const signsFrom = compromised ? now : new Date(now.getTime() + publishSeconds * 1000);
  const next = waiting?.kid ?? (await writeKey(em, keyring, product, signsFrom)).kid;
  if (compromised) {
    await rows(em)`
      update license_keys set retired_at = ${now}, compromised_at = ${now}, sealed_private = null where kid = ${old.kid}`;
    await rows(em)`update license_keys set signs_from = least(signs_from, ${now}) where kid = ${next}`;
    opened.delete(old.kid);
  }
  await appendEvent(
    em,
    {
      stream: `license_product:${product}`,
      type: compromised ? 'license_product.key_compromised' : 'license_product.key_rotated',
      tenantId: null,
      data: { from: old.kid, to: next, signsFrom: signsFrom.toISOString() },
    },
    actor,
  );
}
