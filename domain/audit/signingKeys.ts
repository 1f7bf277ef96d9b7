import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import type { Installation } from '../installation.ts';
import { seal, unseal, type Keyring } from '../secrets/keyring.ts';
import { rows } from '../sql.ts';
import { publicKeyOf, signStatement, type KeyStatement, type PublicKey, type SignedStatement } from './statements.ts';

export interface Signer {
  kid: string;
  privateKey: KeyObject;
}

interface Row {
  kid: string;
  public_key: Buffer;
  sealed_private: Buffer;
  endorsement: string | null;
  created_at: string;
  retired_at: string | null;
}

/** A key as it is shown: its endorsement by the key before it lets whoever trusts that one trust this one. */
export interface KeyInfo extends PublicKey {
  createdAt: string;
  retiredAt: string | null;
  endorsement: SignedStatement<KeyStatement> | null;
}

const contextOf = (kid: string): string => `audit-key/${kid}`;

function newKey(keyring: Keyring): { key: PublicKey; raw: Buffer; sealed: Buffer } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const key = publicKeyOf(raw);
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
  return { key, raw, sealed: seal(keyring.platformKey, pkcs8, contextOf(key.kid)) };
}

const opened = new Map<string, KeyObject>();

/** Throws when it was not sealed by this installation. */
export const openPrivateKey = (keyring: Keyring, row: Pick<Row, 'kid' | 'sealed_private'>): KeyObject =>
  createPrivateKey({
    key: unseal(keyring.platformKey, row.sealed_private, contextOf(row.kid)),
    format: 'der',
    type: 'pkcs8',
  });

/** What signs now; made when there is none yet. */
export async function signerOf(em: Sql, { keyring }: Installation): Promise<Signer> {
  const inUse = () => rows<Row>(em)`select * from audit_keys where retired_at is null`;
  let [row] = await inUse();
  if (!row) {
    const { key, raw, sealed } = newKey(keyring);
    await rows(em)`
      insert into audit_keys (kid, public_key, sealed_private) values (${key.kid}, ${raw}, ${sealed}) on conflict do nothing`;
    [row] = await inUse();
  }
  if (!row) throw new Error('the audit has no key that signs');
  const privateKey = opened.get(row.kid) ?? openPrivateKey(keyring, row);
  opened.set(row.kid, privateKey);
  return { kid: row.kid, privateKey };
}

/** All that ever signed, the newest first. */
export async function listKeys(em: Sql): Promise<KeyInfo[]> {
  const kept = await rows<Row>(em)`select * from audit_keys order by created_at desc`;
  return kept.map((row) => ({
    ...publicKeyOf(row.public_key),
    createdAt: new Date(row.created_at).toISOString(),
    retiredAt: row.retired_at && new Date(row.retired_at).toISOString(),
    endorsement: row.endorsement === null ? null : (JSON.parse(row.endorsement) as SignedStatement<KeyStatement>),
  }));
}

/**
 * From now on a new key signs. The old one stays known for what it signed, and its last signature is over the new one: whoever trusts
 * it need not be told anew.
 */
export async function rotateKey(em: Sql, installation: Installation, actor: Actor): Promise<PublicKey> {
  return em.transactional(async (tx) => {
    await rows(tx)`lock table audit_keys in share row exclusive mode`;
    const old = await signerOf(tx, installation);
    const { key, raw, sealed } = newKey(installation.keyring);
    const endorsement = signStatement<KeyStatement>(
      {
        v: 1,
        kind: 'key',
        installation: installation.id,
        key: key.kid,
        publicKey: key.x,
        at: new Date().toISOString(),
      },
      old,
    );
    await rows(tx)`update audit_keys set retired_at = now() where kid = ${old.kid}`;
    await rows(tx)`
      insert into audit_keys (kid, public_key, sealed_private, endorsed_by, endorsement)
      values (${key.kid}, ${raw}, ${sealed}, ${old.kid}, ${JSON.stringify(endorsement)})`;
    await appendEvent(
      tx,
      { stream: 'audit:keys', type: 'audit.key_rotated', tenantId: null, data: { from: old.kid, to: key.kid } },
      actor,
    );
    return key;
  });
}
