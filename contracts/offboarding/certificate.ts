import { z } from 'zod';

/** How much of something was there before an erasure, and after it, each time as it was counted. */
export const ErasedCount = z.object({
  store: z.string(),
  what: z.string(),
  before: z.number().int().min(0),
  after: z.number().int().min(0),
});
export type ErasedCount = z.infer<typeof ErasedCount>;

/** What could not be removed, because the bucket that it lies in keeps it locked. */
export const KeptByLock = z.object({
  what: z
    .enum(['backup', 'card', 'export', 'file'])
    .describe('`card`: the facts beside the backups, with the wrapped key of the tenant; `file`: what no row knows of'),
  id: z.uuid().nullable().describe('Of the backup or export'),
  until: z.iso.datetime().nullable().describe('Nobody can remove it before; null where the bucket does not say'),
});
export type KeptByLock = z.infer<typeof KeptByLock>;

/**
 * An erasure, as the installation states and signs it: ids, times and counts. `docs/offboarding.md` promises this shape to other
 * programs, so a change of it is a new `v`.
 */
export const ErasureCertificate = z.object({
  v: z.literal(1),
  kind: z.literal('erasure-certificate'),
  installation: z.uuid(),
  tenant: z.uuid(),
  cause: z.enum(['offboarding', 'removal']),
  run: z.uuid(),
  requestedAt: z.iso.datetime(),
  erasedAt: z.iso.datetime(),
  keyDestroyedAt: z.iso.datetime(),
  at: z.iso.datetime(),
  counts: z.array(ErasedCount),
  export: z
    .object({
      manifest: z.string().describe('SHA-256, hexadecimal'),
      files: z.number().int(),
      rows: z.number().int(),
      bytes: z.number().int(),
      downloads: z.number().int(),
    })
    .nullable()
    .describe('What was handed over before; null where there was no export'),
  stays: z
    .array(KeptByLock)
    .optional()
    .describe('What a lock kept when this was signed; it is removed when its lock ends. Left out where nothing stayed'),
  kid: z.string().describe("The signing key's JWK thumbprint (RFC 7638)"),
  signature: z.string().describe('Ed25519 over the canonical text (RFC 8785) of all the rest but `kid`, base64url'),
});
export type ErasureCertificate = z.infer<typeof ErasureCertificate>;

/** The certificate with what it is verified by. */
export const CertificateFile = z.object({
  certificate: ErasureCertificate,
  keys: z.array(z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), kid: z.string() })),
  ledger: z.object({ number: z.number().int(), digest: z.string() }).describe('Its line in the erasure ledger'),
});
export type CertificateFile = z.infer<typeof CertificateFile>;
