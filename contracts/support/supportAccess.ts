import { z } from 'zod';

export const supportKinds = ['consent', 'break_glass'] as const;
export const SupportKind = z.enum(supportKinds);
export type SupportKind = z.infer<typeof SupportKind>;

export const supportStates = ['asked', 'running', 'refused', 'expired', 'ended'] as const;
export const SupportState = z.enum(supportStates);
export type SupportState = z.infer<typeof SupportState>;

export const supportEndings = ['time', 'person', 'platform', 'tenant', 'tenant_closed'] as const;
export type SupportEnding = (typeof supportEndings)[number];

/** Whom of the tenant somebody acts as. Members of the tenant's realm come beside its administrator once realms have members. */
export const ActingAs = z.object({
  kind: z.enum(['administrator', 'member']),
  title: z.string().describe('How the tenant knows them; a mail address where there is no name'),
});
export type ActingAs = z.infer<typeof ActingAs>;

const reasonFrom = (least: number) =>
  z.string().trim().min(least, `must have at least ${least} characters`).max(1000).describe('The tenant reads it');

export const shortestBreakGlassReason = 20;
const minutes = z.number().int().min(5).max(1440);

export const NewSupportAccess = z.strictObject({ tenantId: z.uuid().toLowerCase(), reason: reasonFrom(10), minutes });
export type NewSupportAccess = z.infer<typeof NewSupportAccess>;

export const BreakGlass = z.strictObject({
  tenantId: z.uuid().toLowerCase(),
  reason: reasonFrom(shortestBreakGlassReason),
  minutes,
});

export const SupportAccess = z.object({
  id: z.uuid(),
  tenant: z.object({ id: z.uuid(), name: z.string(), slug: z.string().nullable() }),
  person: z.object({ id: z.uuid(), email: z.string() }),
  kind: SupportKind,
  state: SupportState,
  reason: z.string().nullable().describe("Null once the tenant's key is destroyed"),
  actingAs: ActingAs.nullable(),
  minutes: z.number().int(),
  askedAt: z.iso.datetime(),
  answerUntil: z.iso.datetime().nullable().describe('Until when the tenant can consent'),
  answeredAt: z.iso.datetime().nullable(),
  answeredBy: z.string().nullable().describe('Who of the tenant consented or refused'),
  endsAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  endedBy: z.enum(supportEndings).nullable(),
  isEntered: z.boolean().describe('Whether this very session acts by it'),
  may: z.object({ enter: z.boolean(), end: z.boolean() }),
});
export type SupportAccess = z.infer<typeof SupportAccess>;

export const SupportAccessQuery = z.strictObject({
  tenantId: z.uuid().toLowerCase().optional(),
  state: SupportState.optional(),
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type SupportAccessQuery = z.infer<typeof SupportAccessQuery>;

export const SupportAccessPage = z.object({
  items: z.array(SupportAccess),
  nextCursor: z.string().nullable(),
  longest: z.object({ consent: z.number().int(), break_glass: z.number().int() }).describe('Minutes'),
});
export type SupportAccessPage = z.infer<typeof SupportAccessPage>;

/** What every page says while somebody acts for a tenant. */
export const Acting = z.object({
  supportAccessId: z.uuid(),
  tenantId: z.uuid(),
  tenantName: z.string(),
  slug: z.string().nullable(),
  kind: SupportKind,
  actingAs: ActingAs,
  expiresAt: z.iso.datetime(),
});
export type Acting = z.infer<typeof Acting>;

/** Comes in the link's fragment, which browsers send nowhere. */
const token = z.string().min(20).max(100);

export const ConsentCheck = z.strictObject({ token });
export const ConsentAnswer = z.strictObject({ token, answer: z.enum(['allow', 'refuse', 'revoke']) });
export type ConsentAnswer = z.infer<typeof ConsentAnswer>;

/** What the tenant's administrator is shown of who wants in. */
export const Consent = z.object({
  tenantName: z.string(),
  slug: z.string().nullable(),
  person: z.object({ name: z.string().nullable(), email: z.string() }),
  kind: SupportKind,
  state: SupportState,
  reason: z.string(),
  minutes: z.number().int(),
  askedAt: z.iso.datetime(),
  answerUntil: z.iso.datetime().nullable(),
  endsAt: z.iso.datetime().nullable(),
  endedBy: z.enum(supportEndings).nullable(),
  may: z.object({ answer: z.boolean(), revoke: z.boolean() }),
});
export type Consent = z.infer<typeof Consent>;
