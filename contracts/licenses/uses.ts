import { z } from 'zod';
import { Name } from '../blueprints.ts';
import { Fingerprint, licenseStandings } from './licenses.ts';
import { Entitlement, EntitlementName } from './policies.ts';

const Id = z.uuid().toLowerCase();

/** Which licence is meant: by the key that people type, or by its id. */
const meant = {
  key: z.string().min(1).max(100).optional().describe('The key that people type'),
  licenseId: Id.optional(),
};
const isOneOfThem = ({ key, licenseId }: { key?: string | undefined; licenseId?: string | undefined }): boolean =>
  (key === undefined) !== (licenseId === undefined);
const notOneOfThem = { path: ['key'], message: 'must be there, or licenseId, and not both' };

export const LicenseToValidate = z
  .strictObject({
    ...meant,
    scope: z
      .strictObject({
        product: Name.optional(),
        tenant: Id.optional(),
        machine: Fingerprint.optional(),
        entitlement: EntitlementName.optional(),
      })
      .prefault({})
      .describe('What it must be good for'),
  })
  .refine(isOneOfThem, notOneOfThem);
export type LicenseToValidate = z.infer<typeof LicenseToValidate>;

export const validationCodes = [
  ...licenseStandings,
  'not_found',
  'wrong_product',
  'wrong_tenant',
  'wrong_machine',
  'not_entitled',
  'meter_exceeded',
] as const;
export type ValidationCode = (typeof validationCodes)[number];

/** How much of a meter is used up in its present period. All that was accepted counts, also what is in no roll-up yet. */
export const MeterUsage = z.object({
  used: z.number().int(),
  limit: z.number().int().nullable(),
  per: z.enum(['day', 'month', 'term']),
  since: z.iso.datetime().describe('When the period began: a day or a month of UTC, or the term'),
  until: z.iso.datetime().nullable().describe('When it begins anew; null: never'),
});
export type MeterUsage = z.infer<typeof MeterUsage>;

const used = z.object({ limit: z.number().int().nullable(), used: z.number().int() });

export const LicenseValidation = z.object({
  valid: z.boolean(),
  code: z.enum(validationCodes),
  license: z
    .object({
      id: z.uuid(),
      tenantId: z.uuid(),
      product: z.string(),
      plan: z.string(),
      serial: z.number().int().describe('A file with a lesser one is old'),
      trial: z.boolean(),
      test: z.boolean(),
      startsAt: z.iso.datetime(),
      expiresAt: z.iso.datetime().nullable(),
      overAt: z.iso.datetime().nullable(),
      onExpiry: z.enum(['block', 'degrade', 'log']),
      entitlement: Entitlement.nullable().describe('The one that was asked for'),
      usage: MeterUsage.nullable().describe('Of the entitlement that was asked for, where it is a meter'),
      seats: used,
      machines: used,
    })
    .nullable(),
});
export type LicenseValidation = z.infer<typeof LicenseValidation>;

export const useKinds = ['seat', 'machine'] as const;
export type UseKind = (typeof useKinds)[number];

export const LicenseCheckOut = z
  .strictObject({
    ...meant,
    kind: z.enum(useKinds),
    holder: z
      .string()
      .min(1)
      .max(200)
      .describe('Who takes the seat, in words of your own; of a machine the SHA-256 of its fingerprint'),
  })
  .refine(isOneOfThem, notOneOfThem)
  .refine(({ kind, holder }) => kind === 'seat' || Fingerprint.safeParse(holder).success, {
    path: ['holder'],
    message: 'must be the SHA-256 of a machine’s fingerprint, hexadecimal in lower case',
  });
export type LicenseCheckOut = z.infer<typeof LicenseCheckOut>;

export const LicenseUse = z.object({
  useId: z.uuid(),
  kind: z.enum(useKinds),
  licenseId: z.uuid(),
  used: z.number().int().describe('How many are checked out, this one among them'),
  limit: z.number().int().nullable(),
  overage: z.boolean().describe('More are checked out than the limit says'),
  heartbeatSeconds: z.number().int().nullable().describe('How often to send a heartbeat; null: never'),
  diesAt: z.iso.datetime().nullable().describe('When it is taken away unless a heartbeat comes before'),
});
export type LicenseUse = z.infer<typeof LicenseUse>;

export const LicenseUseRef = z.strictObject({ useId: Id });
export const LicenseHeartbeat = z.object({ useId: z.uuid(), diesAt: z.iso.datetime().nullable() });
export const LicenseCheckIn = z.object({ released: z.boolean().describe('false: it was not checked out any more') });

export const LicenseUsesQuery = z.strictObject({
  kind: z.enum(useKinds).optional(),
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type LicenseUsesQuery = z.infer<typeof LicenseUsesQuery>;

export const LicenseUseEntry = z.object({
  useId: z.uuid(),
  kind: z.enum(useKinds),
  holder: z
    .string()
    .describe('What tells one holder from another: the beginning of a digest, since it may be a person'),
  checkedOutAt: z.iso.datetime(),
  heartbeatAt: z.iso.datetime(),
  diesAt: z.iso.datetime().nullable(),
});
export type LicenseUseEntry = z.infer<typeof LicenseUseEntry>;

export const LicenseUses = z.object({
  seats: used.extend({ soft: z.number().int().describe('How many more may be let in') }),
  machines: used,
  items: z.array(LicenseUseEntry).describe('Newest first'),
  nextCursor: z.string().nullable(),
});
export type LicenseUses = z.infer<typeof LicenseUses>;
