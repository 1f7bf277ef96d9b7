import { z } from 'zod';
import { KeptByLock } from './certificate.ts';

export const graceDays = z.number().int().min(0).max(3_650);

export const NewOffboarding = z.strictObject({
  confirm: z.string().max(120).describe("The tenant's slug, typed out"),
  graceDays: graceDays
    .optional()
    .describe("For how long it can be undone; the plan's, or the installation's, unless told"),
});
export type NewOffboarding = z.infer<typeof NewOffboarding>;

/** How far an offboarding came. `held` is a grace that is over while a legal hold, or a clock that cannot be trusted, forbids the erasure. */
export const offboardingStates = [
  'suspending',
  'exporting',
  'verifying',
  'handing_over',
  'grace',
  'held',
  'waiting',
  'undoing',
  'erasing',
  'erased',
  'undone',
  'left',
] as const;
export type OffboardingState = (typeof offboardingStates)[number];

const moment = z.iso.datetime();

export const LegalHold = z.object({
  id: z.uuid(),
  backupId: z
    .uuid()
    .nullable()
    .describe('The one backup that it keeps; null: all of the tenant. Either forbids the erasure'),
  reason: z.string().nullable().describe('Null once the key that sealed it is destroyed'),
  setBy: z.string().nullable(),
  setAt: moment,
  liftedBy: z.string().nullable(),
  liftedAt: moment.nullable(),
});
export type LegalHold = z.infer<typeof LegalHold>;

export const LegalHolds = z.object({ items: z.array(LegalHold) });
export type LegalHolds = z.infer<typeof LegalHolds>;

export const NewLegalHold = z.strictObject({ reason: z.string().trim().min(3).max(2_000) });

export const ExportView = z.object({
  id: z.uuid(),
  files: z.number().int().nullable(),
  rows: z.number().int().nullable(),
  bytes: z.number().int().nullable(),
  manifest: z.string().nullable().describe('SHA-256 of the manifest, hexadecimal'),
  createdAt: moment,
  verifiedAt: moment.nullable(),
  removedAt: moment.nullable(),
  link: z
    .object({ createdAt: moment, expiresAt: moment, isGood: z.boolean(), revokedAt: moment.nullable() })
    .nullable()
    .describe('The newest one'),
  downloads: z.number().int().describe('How often it was fetched to its end, by all its links'),
});
export type ExportView = z.infer<typeof ExportView>;

export const Offboarding = z.object({
  runId: z.uuid(),
  tenantId: z.uuid(),
  state: z.enum(offboardingStates),
  /** Why it stands still, where it does. */
  reason: z.string().nullable(),
  graceDays: z.number().int(),
  requestedAt: moment,
  requestedBy: z.string().nullable(),
  graceEndsAt: moment.nullable(),
  erasingAt: moment.nullable(),
  closedAt: moment.nullable(),
  export: ExportView.nullable(),
  may: z.object({ undo: z.boolean(), link: z.boolean() }),
});
export type Offboarding = z.infer<typeof Offboarding>;

/** What a page of a tenant's end shows at once. */
export const TenantEnd = z.object({
  offboarding: Offboarding.nullable().describe('The newest one'),
  hold: LegalHold.nullable().describe('What forbids its erasure now'),
  defaults: z.object({ graceDays: z.number().int(), addressHoldDays: z.number().int() }),
  erasure: z
    .object({
      cause: z.enum(['offboarding', 'removal']),
      erasedAt: moment.nullable(),
      shredRunId: z.uuid().nullable(),
      keyDestroyedAt: moment.nullable(),
      certifiedAt: moment.nullable(),
      addressHeldUntil: moment.nullable(),
      stays: z.array(KeptByLock).describe('What a lock still keeps; it is removed when its lock ends'),
    })
    .nullable(),
});
export type TenantEnd = z.infer<typeof TenantEnd>;

export const ExportLink = z.object({
  url: z.url().describe('The secret is behind the #; it is shown this once'),
  expiresAt: moment,
});
export type ExportLink = z.infer<typeof ExportLink>;

export const ExportToken = z.strictObject({ token: z.string().min(20).max(100) });

/** What whoever holds a link is told before the file. */
export const ExportOffer = z.object({
  tenant: z.string(),
  createdAt: moment,
  expiresAt: moment,
  files: z.number().int(),
  rows: z.number().int(),
  bytes: z.number().int(),
  manifest: z.string().describe('SHA-256 of manifest.json in it, hexadecimal'),
});
export type ExportOffer = z.infer<typeof ExportOffer>;

export const ExportTicket = z.object({
  path: z.string().describe('Fetch it within a minute, once: a gzipped tar'),
});
export type ExportTicket = z.infer<typeof ExportTicket>;

/** For how long tenants of a plan can come back, where their offboarding does not say. */
export const PlanOffboarding = z.object({
  plan: z.string(),
  graceDays: graceDays.nullable().describe("null: the installation's"),
  usualGraceDays: z.number().int().describe("The installation's, where the plan says nothing"),
});
export type PlanOffboarding = z.infer<typeof PlanOffboarding>;

export const PlanOffboardingChange = z.strictObject({
  graceDays: graceDays.nullable(),
  expected: graceDays.nullable().describe('What the plan is believed to say'),
});
export type PlanOffboardingChange = z.infer<typeof PlanOffboardingChange>;
