import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { DomainError } from '#contracts/errors.ts';
import type { HandOverFile } from '#contracts/backups/arrivals.ts';
import type { Signer } from '../../audit/signingKeys.ts';
import { KeyBook, signStatement, type PublicKey } from '../../audit/statements.ts';
import { seal, unseal } from '../../secrets/keyring.ts';
import type { TenantKey } from '../../secrets/tenantKeys.ts';
import { refused } from '../format/refusals.ts';

export type HandOverStatement = Omit<HandOverFile, 'kid' | 'signature'>;

export interface RequestKey {
  /** 32 bytes, base64url. */
  publicKey: string;
  /** PKCS #8. */
  privateKey: Buffer;
}

export function newRequestKey(): RequestKey {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  return { publicKey: textOf(publicKey), privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }) };
}

const textOf = (key: KeyObject): string => key.export({ format: 'jwk' }).x ?? '';
const keyOf = (x: string): KeyObject => createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });

/** As RFC 9180 (HPKE) does it: both public keys go into what the key is derived from. Throws for a key that gives no secret. */
function wrappingKey(privateKey: KeyObject, other: string, ephemeral: string, recipient: string): Buffer {
  const shared = diffieHellman({ privateKey, publicKey: keyOf(other) });
  const salt = Buffer.from(`${ephemeral}.${recipient}`);
  return Buffer.from(hkdfSync('sha256', shared, salt, 'tenantry/hand-over', 32));
}

type Named = Pick<HandOverFile, 'installation' | 'arrival' | 'tenant' | 'backup' | 'key'>;
const contextOf = ({ installation, arrival, tenant, backup, key }: Named): string =>
  `hand-over/${installation}/${arrival}/${tenant}/${backup}/${key}`;

/** Throws `confirmation_mismatch` for a request whose key is none. */
export function writeHandOver(
  of: Omit<Named, 'key'>,
  { key, publicKey }: { key: TenantKey; publicKey: string },
  { signer, keys, at }: { signer: Signer; keys: readonly PublicKey[]; at: string },
): HandOverFile {
  const named = { ...of, key: key.id };
  const one = newRequestKey();
  const privateKey = createPrivateKey({ key: one.privateKey, format: 'der', type: 'pkcs8' });
  let wrapping: Buffer;
  try {
    wrapping = wrappingKey(privateKey, publicKey, one.publicKey, publicKey);
  } catch (cause) {
    throw new DomainError('confirmation_mismatch', 'The key of the request is none.', { cause });
  }
  const statement: HandOverStatement = {
    ...{ v: 1, kind: 'hand-over', ...named, at, ephemeral: one.publicKey },
    sealed: seal(wrapping, key.key, contextOf(named)).toString('base64url'),
    signers: keys.map(({ kid, x }) => ({ kid, x })),
  };
  return signStatement(statement, signer);
}

/** The keys that a hand-over names, of which one signed it. Refuses `backup_forged`. Whether they are believed is for a person to say. */
export function signersOf(file: HandOverFile): KeyBook {
  const keys = new KeyBook();
  const taken = file.signers.every(({ kid, x }) => keys.add({ kty: 'OKP', crv: 'Ed25519', kid, x }));
  if (!taken || !keys.vouchesFor(file))
    throw refused('backup_forged', "The hand-over's signature is not over this text.");
  return keys;
}

/** The tenant's key. Refuses `backup_wrong_key` for what was sealed for another request, or changed. */
export function openHandOver(file: HandOverFile, { publicKey, privateKey }: RequestKey): TenantKey {
  try {
    const own = createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' });
    const wrapping = wrappingKey(own, file.ephemeral, file.ephemeral, publicKey);
    return { id: file.key, key: unseal(wrapping, Buffer.from(file.sealed, 'base64url'), contextOf(file)) };
  } catch (cause) {
    throw refused('backup_wrong_key', "The tenant's key was sealed for another request than this.", cause);
  }
}
