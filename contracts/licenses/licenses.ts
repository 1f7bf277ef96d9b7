import { z } from 'zod';
import { Entitlement, EntitlementName, PolicyRef } from './policies.ts';

/** Why a licence is not believed any more: a code and no words, since everybody may read the list. */
export const revocationReasons = [
  'unspecified',
  'contract_ended',
  'unpaid',
  'misuse',
  'key_compromised',
  'suspended',
  'transferred',
  'superseded',
  'erased',
] as const;
export type RevocationReason = (typeof revocationReasons)[number];

export const licenseStates = ['active', 'suspended', 'revoked', 'superseded'] as const;
export type LicenseState = (typeof licenseStates)[number];

/** What a licence is worth at a moment. */
export const licenseStandings = ['valid', 'grace', 'expired', 'not_yet_valid', 'suspended', 'revoked'] as const;
export type LicenseStanding = (typeof licenseStandings)[number];

/** What the end of a licence has led to. */
export const licenseLapses = ['none', 'grace', 'blocked', 'degraded', 'logged'] as const;
export type LicenseLapse = (typeof licenseLapses)[number];

const Id = z.uuid().toLowerCase();
const [first, last] = ['2000-01-01T00:00:00Z', '2199-12-31T23:59:59Z'];

/** A moment that a licence file can tell: UTC, and whole seconds once it is kept. */
export const Moment = z.iso
  .datetime('must be a time in UTC like 2027-02-28T12:00:00Z')
  .refine((time) => time >= first && time.slice(0, 19) <= last.slice(0, 19), 'must be in the years 2000 to 2199');

export const Fingerprint = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 of a machine’s fingerprint, hexadecimal in lower case');

export const NewLicense = z.strictObject({
  policy: PolicyRef.optional().describe("By default what the tenant's plan points at"),
  startsAt: Moment.optional().describe('By default now'),
  expiresAt: Moment.optional().describe("By default one term of the policy, or its trial's days, after it starts"),
  trial: z.boolean().default(false),
  test: z.boolean().default(false).describe('For trying out: nobody is charged for it'),
  binding: z.array(Fingerprint).min(1).max(1_000).optional().describe('The only machines that it is for'),
});
export type NewLicense = z.infer<typeof NewLicense>;

export const LicenseOverride = z.object({
  name: z.string(),
  entitlement: Entitlement,
  until: z.iso.datetime().nullable(),
});
export type LicenseOverride = z.infer<typeof LicenseOverride>;

export const License = z.object({
  id: z.uuid(),
  tenantId: z.uuid(),
  tenantName: z.string(),
  product: z.string(),
  plan: z.string(),
  policy: z.object({ name: z.string(), version: z.number().int() }),
  state: z.enum(licenseStates),
  access: z.enum(['open', 'suspended']).describe('suspended: together with its tenant, whatever its own state is'),
  provisioned: z.boolean().describe('Issued with its tenant, as one of its resources'),
  standing: z.enum(licenseStandings).describe('What it is worth now'),
  lapse: z.enum(licenseLapses).describe('What its end has led to, once that was told'),
  serial: z.number().int().describe('Grows with every reissue'),
  kid: z.string().describe('The key that signed it last'),
  trial: z.boolean(),
  test: z.boolean(),
  startsAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable().describe('null: never'),
  overAt: z.iso.datetime().nullable().describe('When its grace ends too'),
  issuedAt: z.iso.datetime(),
  createdAt: z.iso.datetime(),
  transferredFrom: z.uuid().nullable(),
  cancelledAtEndAt: z.iso.datetime().nullable().describe('Since when it is to end with its term and not to be renewed'),
  entitlements: z.record(z.string(), Entitlement).describe('As they are now, with what overrides them'),
  overrides: z.array(LicenseOverride),
});
export type License = z.infer<typeof License>;

export const LicenseQuery = z.strictObject({
  q: z.string().trim().max(120).optional().describe("In the tenant's name, or a licence's id"),
  tenantId: Id.optional(),
  product: z.string().max(63).optional(),
  plan: z.string().max(63).optional(),
  state: z.enum(licenseStates).optional(),
  test: z.enum(['true', 'false']).optional(),
  expiresFrom: Moment.optional(),
  expiresBefore: Moment.optional(),
  sort: z
    .enum(['-createdAt', 'createdAt', 'expiresAt'])
    .default('-createdAt')
    .describe('By its end: what never ends is last'),
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type LicenseQuery = z.infer<typeof LicenseQuery>;

export const LicensePage = z.object({ items: z.array(License), nextCursor: z.string().nullable() });
export type LicensePage = z.infer<typeof LicensePage>;

/** What people read to each other; whoever has it can read an encrypted file and ask what the licence is worth. */
export const HumanLicenseKey = z.object({ licenseId: z.uuid(), key: z.string() });

export const LicenseRevocation = z.strictObject({
  reason: z.enum(['unspecified', 'contract_ended', 'unpaid', 'misuse', 'key_compromised']).default('unspecified'),
});

export const LicenseReissue = z.strictObject({
  policy: PolicyRef.optional().describe('Another version, or another policy for the same product; its dates stay'),
  revokeOlder: z.boolean().default(false).describe('Files that were issued before are revoked'),
});
export type LicenseReissue = z.infer<typeof LicenseReissue>;

export const LicenseOverrideChange = z.strictObject({
  name: EntitlementName,
  entitlement: Entitlement.nullable().describe('null: as the policy says again'),
  until: Moment.nullable()
    .default(null)
    .describe('From then on as the policy says again; null: until it is taken back'),
});
export type LicenseOverrideChange = z.infer<typeof LicenseOverrideChange>;

export const LicenseTransfer = z.strictObject({ to: Id.describe('The tenant that it goes to') });
