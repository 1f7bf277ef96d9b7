import { z } from 'zod';
import { TenantName } from '../tenants.ts';
import { domainFindings, itemStates, onboardingItems, onboardingStates } from './items.ts';
import { MailDomainName } from './mailDomains.ts';

export const OnboardingItemName = z.enum(onboardingItems);

/** Who did it, as far as the reader may know: `system` where nobody did, `platform` where somebody of the platform did. */
const By = z.object({ kind: z.enum(['system', 'platform', 'tenant']), email: z.string().nullable() });

export const OnboardingItemView = z.object({
  item: OnboardingItemName,
  title: z.string(),
  state: z.enum(itemStates),
  doneAt: z.iso.datetime().nullable(),
  by: By.nullable(),
  reason: z.string().nullable().describe('Why it was skipped'),
  may: z.object({
    complete: z.boolean().describe('By saying so; the others complete themselves by what is done'),
    skip: z.boolean(),
  }),
});
export type OnboardingItemView = z.infer<typeof OnboardingItemView>;

export const MailDomainView = z.object({
  domain: z.string(),
  record: z
    .object({ name: z.string(), type: z.literal('TXT'), value: z.string() })
    .describe('What to publish in the DNS of the domain'),
  state: z.enum(['waiting', 'checking', 'verified']),
  finding: z.enum(domainFindings).nullable().describe('What the last look found'),
  checkedAt: z.iso.datetime().nullable(),
  nextCheckAt: z.iso.datetime().nullable(),
  verifiedAt: z.iso.datetime().nullable(),
});
export type MailDomainView = z.infer<typeof MailDomainView>;

export const BillingContact = z.strictObject({
  name: TenantName,
  email: z.email('must be a mail address').max(254),
  company: TenantName.optional(),
  reference: z.string().trim().max(120).optional().describe('What invoices shall name: a cost centre, an order number'),
});
export type BillingContact = z.infer<typeof BillingContact>;

export const Onboarding = z.object({
  tenantId: z.uuid(),
  runId: z.uuid(),
  state: z.enum(onboardingStates),
  startedAt: z.iso.datetime(),
  pausedAt: z.iso.datetime().nullable().describe('Since when it stands still because the tenant is suspended'),
  finishedAt: z.iso.datetime().nullable(),
  items: z.array(OnboardingItemView),
  progress: z.object({ done: z.number().int(), skipped: z.number().int(), total: z.number().int() }),
  reminders: z.object({
    sent: z.number().int(),
    lastAt: z.iso.datetime().nullable(),
    nextAt: z.iso.datetime().nullable().describe('Null while paused and after the last one'),
  }),
  escalatesAt: z.iso.datetime().nullable(),
  escalatedAt: z.iso.datetime().nullable(),
  mailDomain: MailDomainView.nullable(),
  billingContact: BillingContact.nullable().describe('Only for who may change it'),
  sampleData: z.enum(['none', 'asked', 'loaded', 'unavailable']),
});
export type Onboarding = z.infer<typeof Onboarding>;

export const OnboardingQuery = z.strictObject({
  state: z.enum(onboardingStates).optional(),
  overdue: z
    .enum(['true', 'false'])
    .transform((word) => word === 'true')
    .optional()
    .describe('Escalated and still open'),
  waitsFor: OnboardingItemName.optional().describe('Those in which this is open'),
  plan: z.string().min(1).max(63).optional(),
  search: z.string().trim().max(120).optional().describe("Part of the tenant's name or address"),
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type OnboardingQuery = z.infer<typeof OnboardingQuery>;

/** A line of the board. */
export const OnboardingLine = Onboarding.pick({
  tenantId: true,
  runId: true,
  state: true,
  startedAt: true,
  pausedAt: true,
  finishedAt: true,
  progress: true,
  reminders: true,
  escalatesAt: true,
  escalatedAt: true,
}).extend({
  tenant: z.object({ name: z.string(), slug: z.string().nullable(), plan: z.string() }),
  waitsFor: z.array(OnboardingItemName),
});
export type OnboardingLine = z.infer<typeof OnboardingLine>;
export const OnboardingPage = z.object({
  items: z.array(OnboardingLine),
  nextCursor: z.string().nullable(),
  counts: z.object({ open: z.number().int(), overdue: z.number().int(), paused: z.number().int() }),
});
export type OnboardingPage = z.infer<typeof OnboardingPage>;

export const ItemSkip = z.strictObject({ reason: z.string().trim().min(1, 'must say why').max(500) });
export const MailDomainChoice = z.strictObject({ domain: MailDomainName });

const day = z.number().int().min(1).max(365);
/** What tenants of a plan go through. Onboardings under way keep what they began with. */
export const OnboardingPlan = z.object({
  plan: z.string(),
  title: z.string(),
  items: z.array(OnboardingItemName),
  reminderDays: z.array(z.number().int()),
  escalateAfterDays: z.number().int().nullable(),
  isDefault: z.boolean().describe('Nobody has chosen for this plan'),
  changedAt: z.iso.datetime().nullable(),
});
export type OnboardingPlan = z.infer<typeof OnboardingPlan>;
export const OnboardingPlanList = z.object({ items: z.array(OnboardingPlan) });

export const OnboardingPlanChange = z.strictObject({
  items: z
    .array(OnboardingItemName)
    .refine((items) => new Set(items).size === items.length, 'must not name an item twice')
    .optional()
    .describe('None: tenants of this plan are not onboarded'),
  reminderDays: z
    .array(day)
    .max(20)
    .refine((days) => days.every((one, at) => at === 0 || one > days[at - 1]!), 'must grow')
    .optional()
    .describe('Days after the beginning on which the administrator is reminded'),
  escalateAfterDays: day.nullable().optional().describe('When the platform is asked to look; null for never'),
});
export type OnboardingPlanChange = z.infer<typeof OnboardingPlanChange>;
