import { z } from 'zod';
import { Name } from '../blueprints.ts';

const mostDays = 3_650;
const days = z.number().int().min(0).max(mostDays);
const count = z.number().int().min(0).max(1_000_000);
const heartbeatSeconds = z
  .number()
  .int()
  .min(10)
  .max(30 * 24 * 60 * 60)
  .nullable()
  .default(null)
  .describe('Whoever is silent for twice as long is taken to be dead; null: never');

/** A calendar period: years, months, weeks and days of ISO 8601, nothing shorter. */
export const Period = z
  .string()
  .max(20)
  .regex(/^P(?=\d)(?:\d{1,3}Y)?(?:\d{1,4}M)?(?:\d{1,4}W)?(?:\d{1,5}D)?$/, 'must be a calendar period like P1M or P1Y')
  .refine((period) => /[1-9]/.test(period), 'must not be empty')
  .describe('ISO 8601, counted in UTC: P1M, P1Y, P2W, P90D');

export const EntitlementName = z
  .string()
  .regex(/^[a-z][a-z0-9_.-]{0,62}$/, 'must be lower-case letters, digits and _.-, beginning with a letter');

const number = z.number().min(-Number.MAX_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER);

/** What a licence grants by one name: a flag, a number, or so much of something per time. */
export const Entitlement = z.union([
  z.strictObject({ flag: z.boolean() }),
  z.strictObject({ number }),
  z.strictObject({
    meter: z.strictObject({
      limit: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).nullable().describe('null: as much as they like'),
      per: z.enum(['day', 'month', 'term']),
    }),
  }),
]);
export type Entitlement = z.infer<typeof Entitlement>;

const mostEntitlements = 200;
const Entitlements = z
  .record(EntitlementName, Entitlement)
  .refine((all) => Object.keys(all).length <= mostEntitlements, `must be at most ${mostEntitlements}`);

const ladder = z.array(z.number().int().min(1).max(mostDays)).max(20);
export const renewalBases = ['from_expiry', 'from_now', 'from_now_if_expired'] as const;
export type RenewalBasis = (typeof renewalBases)[number];

const reminders = {
  before: ladder.describe('Days before the end, the longest first'),
  after: ladder.describe('Days after the end, the shortest first'),
};

const rules = {
  product: Name.describe('What its licences are for; signing keys are per product'),
  term: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('perpetual') }),
      z.strictObject({ kind: z.literal('term'), period: Period }),
    ])
    .describe('How long a licence lasts, and by how much a renewal prolongs it'),
  trialDays: days.default(0).describe('How long a trial lasts; 0: there are no trials'),
  renewal: z
    .strictObject({
      basis: z.enum(renewalBases).default('from_expiry'),
      mode: z.enum(['auto', 'approval', 'manual']).default('manual'),
      daysBefore: z
        .number()
        .int()
        .min(0)
        .max(365)
        .default(1)
        .describe('How many days before the end a renewal that nobody asks for is opened'),
    })
    .prefault({}),
  graceDays: days.default(0).describe('For how long after its end a licence still counts'),
  connectivityDays: z
    .number()
    .int()
    .min(1)
    .max(mostDays)
    .nullable()
    .default(null)
    .describe('For how long a file counts without having been refreshed; null: for ever'),
  onExpiry: z.enum(['block', 'degrade', 'log']).default('block'),
  whileSuspended: z
    .enum(['silent', 'remind'])
    .default('silent')
    .describe('Whether mails and reminders go out while the licence, or its tenant, is suspended'),
  seats: z
    .strictObject({
      limit: count.nullable().default(null).describe('null: as many as they like'),
      overage: z.enum(['refuse', 'allow', 'soft']).default('refuse'),
      soft: count.default(0).describe('How many more than the limit a soft overage lets in'),
      heartbeatSeconds,
    })
    .prefault({}),
  machines: z
    .strictObject({
      limit: count.nullable().default(null).describe('null: as many as they like'),
      heartbeatSeconds,
      unique: z
        .enum(['tenant', 'license', 'none'])
        .default('license')
        .describe('Within what the same machine is let in once'),
    })
    .prefault({}),
  meters: z
    .strictObject({
      overage: z.enum(['refuse', 'allow']).default('refuse').describe('Whether a meter that is used up is still good'),
    })
    .prefault({}),
  transferable: z.boolean().default(false).describe('Whether a licence may go to another tenant'),
  entitlements: Entitlements.default({}),
};

/** A policy as its author writes it. What fits no field by itself is told by the rules of the whole. */
export const LicensePolicyDraft = z.strictObject({
  ...rules,
  reminders: z
    .strictObject({ before: reminders.before.optional(), after: reminders.after.optional() })
    .prefault({})
    .describe('Left out: 60, 30, 14, 7 and 1 days before as far as the term is longer, 1 and 7 days after'),
});
export type LicensePolicyDraft = z.infer<typeof LicensePolicyDraft>;

/** A policy with everything that was left out. */
export const LicensePolicyRules = z.strictObject({ ...rules, reminders: z.strictObject(reminders) });
export type LicensePolicyRules = z.infer<typeof LicensePolicyRules>;

const version = z.number().int().min(1);
export const PolicyRef = z.strictObject({ name: Name, version });
export type PolicyRef = z.infer<typeof PolicyRef>;

export const NewLicensePolicyVersion = z.strictObject({
  baseVersion: z.number().int().min(0).describe('The version it was made from: the latest; 0 for a new policy'),
  rules: LicensePolicyDraft,
});

export const LicensePolicyVersion = z.object({
  name: z.string(),
  version,
  rules: LicensePolicyRules,
  createdAt: z.iso.datetime(),
  plans: z.array(z.string()).describe('Plans whose new licences are issued by it'),
});
export type LicensePolicyVersion = z.infer<typeof LicensePolicyVersion>;

export const LicensePolicySummary = LicensePolicyVersion.omit({ rules: true, plans: true }).extend({
  version: version.describe('The latest'),
  product: z.string(),
  term: z.string().describe('perpetual, or a calendar period like P1Y'),
  plans: z.array(z.object({ name: z.string(), version })),
});
export type LicensePolicySummary = z.infer<typeof LicensePolicySummary>;

export const LicensePolicy = z.object({
  name: z.string(),
  latest: LicensePolicyVersion,
  versions: z.array(LicensePolicyVersion.omit({ name: true, rules: true })).describe('Newest first'),
});
export type LicensePolicy = z.infer<typeof LicensePolicy>;

/** Which policy the new licences of a plan are issued by; null: it has none. */
export const PlanLicensing = z.object({ plan: z.string(), policy: PolicyRef.nullable() });
export type PlanLicensing = z.infer<typeof PlanLicensing>;

export const PlanLicensingChange = z.strictObject({
  policy: PolicyRef.nullable(),
  expected: PolicyRef.nullable().describe('What the plan is believed to point at'),
});
export type PlanLicensingChange = z.infer<typeof PlanLicensingChange>;
