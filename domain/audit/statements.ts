import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import type { EvidenceBundle } from '#contracts/backups/evidence.ts';
import type { ErasureCertificate } from '#contracts/offboarding/certificate.ts';
import type { HandOverStatement } from '../backups/arriving/handOver.ts';
import type { BackupStatement } from '../backups/format/manifest.ts';
import type { BaseStatement } from '../backups/format/baseManifest.ts';
import type { TenantCardStatement } from '../backups/format/tenantCard.ts';
import { canonical } from './canonical.ts';

/** What an installation says of its chains and signs: as JSON, hashes in hexadecimal, times in RFC 3339. */
export type Statement =
  | HeadStatement
  | TrimStatement
  | AnchorStatement
  | KeyStatement
  | ExportStatement
  | ErasureStatement
  | CertificateStatement
  | EvidenceStatement
  | BackupStatement
  | BaseStatement
  | TenantCardStatement
  | HandOverStatement;

/** Up to here the chain was sealed. */
export interface HeadStatement {
  v: 1;
  kind: 'head';
  installation: string;
  chain: string;
  sequence: number;
  hash: string;
  at: string;
}

/** Up to here entries were deleted as retention asks: the chain is checked from here on. */
export interface TrimStatement {
  v: 1;
  kind: 'trim';
  installation: string;
  chain: string;
  sequence: number;
  hash: string;
  at: string;
}

/** What is kept outside the database: the heads that changed, linked to the anchor before. */
export interface AnchorStatement {
  v: 1;
  kind: 'anchor';
  installation: string;
  number: number;
  at: string;
  /** SHA-256 of the former line, without its line end; null in the first. */
  previous: string | null;
  heads: { chain: string; sequence: number; hash: string }[];
  trims?: { chain: string; sequence: number; hash: string }[];
}

/** The next key, endorsed by the one before it. */
export interface KeyStatement {
  v: 1;
  kind: 'key';
  installation: string;
  /** Its thumbprint: `kid` is who signed. */
  key: string;
  publicKey: string;
  at: string;
}

/** The end of an export: what it holds, and SHA-256 over the canonical text of each record before it, each with a line end. */
export interface ExportStatement {
  v: 1;
  kind: 'export';
  installation: string;
  at: string;
  chains: number;
  entries: number;
  digest: string;
}

/** A line of the erasure ledger: that a tenant is gone, linked to the line before. */
export interface ErasureStatement {
  v: 1;
  kind: 'erasure';
  installation: string;
  number: number;
  at: string;
  /** SHA-256 of the former line, without its line end; null in the first. */
  previous: string | null;
  tenant: string;
  /** SHA-256 over the signed certificate's canonical text. */
  certificate: string;
  /** What it was called in the installation that it came from, if it came from another: it is not brought again. */
  origin?: string;
}

export type EvidenceStatement = Omit<EvidenceBundle, 'kid' | 'signature'>;
export type CertificateStatement = Omit<ErasureCertificate, 'kid' | 'signature'>;

export interface Signed {
  /** The key's JWK thumbprint (RFC 7638). */
  kid: string;
  /** Ed25519 (RFC 8032) over the statement's canonical text, base64url. */
  signature: string;
}

export type SignedStatement<Kind extends Statement> = Kind & Signed;

/** A key that people may hand on: RFC 8037. */
export interface PublicKey {
  kty: 'OKP';
  crv: 'Ed25519';
  x: string;
  kid: string;
}

/** RFC 7638 over the members that RFC 8037 names. */
export const thumbprintOf = (x: string): string =>
  createHash('sha256')
    .update(canonical({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url');

export const publicKeyOf = (raw: Buffer): PublicKey => {
  const x = raw.toString('base64url');
  return { kty: 'OKP', crv: 'Ed25519', x, kid: thumbprintOf(x) };
};

export function signStatement<Kind extends Statement>(
  statement: Kind,
  { kid, privateKey }: { kid: string; privateKey: KeyObject },
): SignedStatement<Kind> {
  const signature = sign(null, Buffer.from(canonical(statement)), privateKey).toString('base64url');
  return { ...statement, kid, signature };
}

/** Without what the signature is not over. */
export function unsigned<Kind extends Statement>({
  kid: _kid,
  signature: _signature,
  ...statement
}: SignedStatement<Kind>): Omit<Kind, keyof Signed> {
  return statement as Omit<Kind, keyof Signed>;
}

/** Public keys by their names, each believed for a reason that its holder knows. */
export class KeyBook {
  readonly #keys = new Map<string, KeyObject>();

  constructor(keys: readonly PublicKey[] = []) {
    for (const key of keys) this.add(key);
  }

  /** A key that claims another's name is not taken. */
  add({ x, kid }: PublicKey): boolean {
    if (thumbprintOf(x) !== kid) return false;
    this.#keys.set(kid, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }));
    return true;
  }

  has(kid: string): boolean {
    return this.#keys.has(kid);
  }

  get size(): number {
    return this.#keys.size;
  }

  /** Whether a key of this book signed exactly this. */
  vouchesFor(statement: SignedStatement<Statement>): boolean {
    const key = this.#keys.get(statement.kid);
    if (!key) return false;
    return verify(
      null,
      Buffer.from(canonical(unsigned(statement))),
      key,
      Buffer.from(statement.signature, 'base64url'),
    );
  }
}

/** A head or a trim as the registry keeps it. */
export interface StatementRow {
  sequence: string;
  hash: Buffer;
  kid: string;
  signature: Buffer;
  at: string;
}

/** A statement as it was signed, put together again from its row. */
export const statementOfRow = (
  kind: 'head' | 'trim',
  installation: string,
  chain: string,
  { sequence, hash, kid, signature, at }: StatementRow,
): SignedStatement<HeadStatement | TrimStatement> => ({
  v: 1,
  kind,
  installation,
  chain,
  sequence: Number(sequence),
  hash: hash.toString('hex'),
  at: new Date(at).toISOString(),
  kid,
  signature: signature.toString('base64url'),
});
