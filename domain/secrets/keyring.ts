import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';

const prepared = new WeakMap<Buffer, KeyObject>();

/** Node takes three times as long over a key that comes as bytes; lives as long as the bytes do. */
function keyObjectOf(key: Buffer): KeyObject {
  const known = prepared.get(key) ?? createSecretKey(key);
  prepared.set(key, known);
  return known;
}

/** AES-256-GCM (NIST SP 800-38D): 12-byte random nonce ‖ ciphertext ‖ 16-byte tag. `context` is authenticated, not stored. */
export function seal(key: Buffer, plaintext: Buffer, context: string): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyObjectOf(key), nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Throws when the key, the context or a single bit is not what it was sealed with. */
export function unseal(key: Buffer, sealed: Buffer, context: string): Buffer {
  if (sealed.length < 28) throw new Error('sealed data is too short');
  const decipher = createDecipheriv('aes-256-gcm', keyObjectOf(key), sealed.subarray(0, 12)).setAAD(
    Buffer.from(context),
  );
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
}

/**
 * The keys of an installation. The master key (kept outside the database) seals one random root key (kept in it); from the
 * root follow the keys that wrap tenant keys, sign tags and seal what belongs to no tenant. So changing the master key
 * re-seals one row and changes nothing else.
 */
export class Keyring {
  /** Seals what belongs to no tenant. */
  readonly platformKey: Buffer;
  readonly #wrappingKey: Buffer;
  readonly #tagKey: Buffer;
  readonly #callbackKey: Buffer;
  readonly #deviceKey: Buffer;
  readonly #addressKey: Buffer;
  readonly #invitationKey: Buffer;
  readonly #licenseKey: Buffer;

  constructor(rootKey: Buffer) {
    const derive = (purpose: string) =>
      Buffer.from(hkdfSync('sha256', rootKey, Buffer.alloc(0), `tenantry/${purpose}`, 32));
    this.platformKey = derive('platform');
    this.#wrappingKey = derive('wrap');
    this.#tagKey = derive('tag');
    this.#callbackKey = derive('callback');
    this.#deviceKey = derive('device');
    this.#addressKey = derive('address');
    this.#invitationKey = derive('invitation');
    this.#licenseKey = derive('license');
  }

  /** A new root key, sealed by the master key for the installation's row. */
  static newRoot(masterKey: Buffer, installationId: string): Buffer {
    return seal(masterKey, randomBytes(32), `root/${installationId}`);
  }

  /** Throws when this is not the master key that sealed the root. */
  static open(masterKey: Buffer, installationId: string, sealedRoot: Buffer): Keyring {
    return new Keyring(unseal(masterKey, sealedRoot, `root/${installationId}`));
  }

  /** The same root key, sealed by another master key. Throws when the first is not the one that sealed it. */
  static resealedRoot(masterKey: Buffer, next: Buffer, installationId: string, sealedRoot: Buffer): Buffer {
    const bound = `root/${installationId}`;
    return seal(next, unseal(masterKey, sealedRoot, bound), bound);
  }

  newWrappedKey(keyId: string): { key: Buffer; wrapped: Buffer } {
    const key = randomBytes(32);
    return { key, wrapped: seal(this.#wrappingKey, key, keyId) };
  }

  unwrap(keyId: string, wrapped: Buffer): Buffer {
    return unseal(this.#wrappingKey, wrapped, keyId);
  }

  /** HMAC-SHA-256, shortened to 128 bits, over an ownership tag's ids. */
  tagMac(text: string): string {
    return createHmac('sha256', this.#tagKey).update(text).digest('base64url').slice(0, 22);
  }

  /** HMAC-SHA-256 by which a browser shows that it was signed in as somebody before. */
  deviceMac(text: string): string {
    return createHmac('sha256', this.#deviceKey).update(text).digest('base64url');
  }

  /** By which a tenant's person is found by the mail address, of which this tells nothing; another tenant's is another. */
  addressIndex(tenantId: string, address: string): string {
    return createHmac('sha256', this.#addressKey).update(`${tenantId}/${address}`).digest('hex');
  }

  /** By which a licence is found by the key that people type, of which this tells nothing. */
  licenseIndex(symbols: string): Buffer {
    return createHmac('sha256', this.#licenseKey).update(symbols).digest();
  }

  /** The token of the link that one run sends: a run that sends again sends the same, so the mail that arrived first stays good. */
  invitationToken(runId: string): string {
    return createHmac('sha256', this.#invitationKey).update(runId).digest().subarray(0, 24).toString('base64url');
  }

  /** 128 bits that only this installation can know of a call: the same for each repetition of it, so it need not be kept. */
  callbackSecret(call: string): Buffer {
    return createHmac('sha256', this.#callbackKey).update(call).digest().subarray(0, 16);
  }
}

/** Names a master key without telling it: for the message when a wrong one is given. */
export const masterKeyIdOf = (masterKey: Buffer): string =>
  createHash('sha256').update('tenantry/master-key-id').update(masterKey).digest('hex').slice(0, 16);
