import { generateKeyPairSync } from 'node:crypto';
import type { Signer } from '#domain/audit/signingKeys.ts';
import { KeyBook, publicKeyOf } from '#domain/audit/statements.ts';

/** A key that signs backups, and whoever believes it. */
export function newSigner(): { signer: Signer; keys: KeyBook; x: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = publicKeyOf(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'));
  return { signer: { kid: key.kid, privateKey }, keys: new KeyBook([key]), x: key.x };
}
