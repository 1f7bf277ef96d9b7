import { z } from 'zod';
import { RunState } from '../runs.ts';

/** An Ed25519 public key: a JWK (RFC 7517, RFC 8037) that also says how it is used, and the same as PEM. */
export const LicenseKey = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  kid: z.string().describe('Its thumbprint (RFC 7638)'),
  alg: z.literal('EdDSA'),
  use: z.literal('sig'),
  pem: z.string().describe('SubjectPublicKeyInfo'),
  state: z.enum(['next', 'current', 'retired']),
  signsFrom: z.iso.datetime(),
  retiredAt: z.iso.datetime().nullable(),
});
export type LicenseKey = z.infer<typeof LicenseKey>;

export const LicenseKeys = z.object({
  product: z.string(),
  keys: z.array(LicenseKey).describe('All by which a licence that is not over may be signed, the newest first'),
});
export type LicenseKeys = z.infer<typeof LicenseKeys>;

const longestPublishSeconds = 365 * 24 * 60 * 60;
export const LicenseKeyRotation = z.strictObject({
  publishSeconds: z
    .number()
    .int()
    .min(0)
    .max(longestPublishSeconds)
    .default(7 * 24 * 60 * 60)
    .describe('For how long the next key is published before it signs, so that whoever verifies has it by then'),
  compromised: z
    .boolean()
    .default(false)
    .describe('Somebody else may have the key that signs: it signs and is published no more, from now on'),
});
export type LicenseKeyRotation = z.infer<typeof LicenseKeyRotation>;

export const LicensesReissueStarted = z.object({
  product: z.string(),
  kid: z.string(),
  runId: z.uuid(),
  licenses: z.number().int().describe('How many are to be signed anew'),
});

/** A key that somebody else may have: what it signed is to be signed anew. */
export const CompromisedKey = z.object({
  kid: z.string(),
  compromisedAt: z.iso.datetime(),
  licenses: z.number().int().describe('How many it signed that are in use still'),
  reissue: z
    .object({ runId: z.uuid(), state: RunState })
    .nullable()
    .describe('The run that signs them anew, the newest; null: nobody asked for one'),
});
export type CompromisedKey = z.infer<typeof CompromisedKey>;

export const LicenseProduct = z.object({
  name: z.string(),
  createdAt: z.iso.datetime(),
  revocationNumber: z.number().int().describe('Of the newest list of revocations; 0: none was issued'),
  revocations: z.number().int().describe('How many licences are on it'),
  compromised: z.array(CompromisedKey).describe('The newest first'),
});
export type LicenseProduct = z.infer<typeof LicenseProduct>;
