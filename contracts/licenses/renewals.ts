import { z } from 'zod';
import { billingProviders, Currency, MinorUnits } from './billing.ts';
import { PolicyRef } from './policies.ts';

const Id = z.uuid().toLowerCase();

export const renewalKinds = ['renewal', 'co_term', 'upgrade'] as const;
export type RenewalKind = (typeof renewalKinds)[number];
export const renewalStates = ['open', 'done', 'taken_back'] as const;
export type RenewalState = (typeof renewalStates)[number];
export const paymentStates = ['asked', 'authorised', 'capturing', 'captured', 'voided', 'declined'] as const;
export type PaymentState = (typeof paymentStates)[number];

/** What is wanted of a licence: one more term unless told, or another end or policy within it. */
export const NewRenewal = z
  .strictObject({
    kind: z
      .enum(renewalKinds)
      .default('renewal')
      .describe("One more term; until another licence's end, for a part of the price; another policy from now on"),
    policy: PolicyRef.optional().describe(
      'By which it is from then on: of a renewal if you like, of an upgrade always',
    ),
    with: Id.optional().describe('Of a co_term: the licence whose end it gets, of the same tenant'),
    currency: Currency.optional().describe("By default the tenant's, or the only one that there is a price in"),
  })
  .superRefine(({ kind, policy, with: other }, check) => {
    const complain = (path: string, message: string) => check.addIssue({ code: 'custom', path: [path], message });
    if (kind === 'upgrade' && !policy) complain('policy', 'is missing: what it is upgraded to');
    if (kind === 'co_term' && policy) complain('policy', 'is not possible: a common end changes nothing else');
    if (kind === 'co_term' && !other) complain('with', 'is missing: the licence whose end it gets');
    if (kind !== 'co_term' && other) complain('with', 'is of a co_term only');
  });
export type NewRenewal = z.infer<typeof NewRenewal>;

/** A line of a quote; what is credited is negative. */
export const QuoteLine = z.object({
  what: z.enum(['term', 'part', 'credit']),
  policy: PolicyRef,
  amount: z.number().int(),
  terms: z.number().int().describe('How many whole terms it is for'),
  days: z.number().int().nullable().describe('For how many days it is, of a part'),
  ofDays: z.number().int().nullable().describe('Of how many days the term is that it is a part of'),
});
export type QuoteLine = z.infer<typeof QuoteLine>;

export const RenewalQuote = z.object({
  kind: z.enum(renewalKinds),
  policy: PolicyRef.describe('By which the licence is from then on'),
  from: z.iso.datetime().describe('From when on it is paid for'),
  until: z.iso.datetime().describe('When the licence ends then'),
  currency: z.string().nullable().describe('null: nothing is charged'),
  amount: MinorUnits.describe('What is charged: the lines together, never less than nothing'),
  lines: z.array(QuoteLine),
  test: z.boolean().describe('Of a licence for trying out: never charged'),
});
export type RenewalQuote = z.infer<typeof RenewalQuote>;

export const renewalPhases = [
  'quoting',
  'waiting_approval',
  'signing',
  'waiting_payment',
  'paying',
  'delivering',
  'taking_back',
  'done',
  'taken_back',
] as const;
export type RenewalPhase = (typeof renewalPhases)[number];

export const Renewal = z.object({
  id: z.uuid().describe('Also the idempotency key of its payment'),
  licenseId: z.uuid(),
  tenantId: z.uuid(),
  runId: z.uuid(),
  cause: z.enum(['asked', 'due']).describe('due: because the term ends'),
  state: z.enum(renewalStates),
  phase: z.enum(renewalPhases),
  quote: RenewalQuote,
  quoteEndsAt: z.iso.datetime().describe('What was not approved and paid by then is taken back'),
  needsApproval: z.boolean(),
  payment: z
    .object({
      provider: z.enum(billingProviders),
      state: z.enum(paymentStates),
      reference: z.string().nullable(),
      declinedCode: z.string().nullable(),
    })
    .nullable()
    .describe('null: nothing is charged, or not yet'),
  askedAt: z.iso.datetime(),
  activatedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  may: z.object({ approve: z.boolean(), settle: z.boolean(), cancel: z.boolean() }),
});
export type Renewal = z.infer<typeof Renewal>;

export const RenewalQuery = z.strictObject({
  tenantId: Id.optional(),
  licenseId: Id.optional(),
  state: z.enum(renewalStates).optional(),
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type RenewalQuery = z.infer<typeof RenewalQuery>;

export const RenewalPage = z.object({ items: z.array(Renewal), nextCursor: z.string().nullable() });
export type RenewalPage = z.infer<typeof RenewalPage>;
