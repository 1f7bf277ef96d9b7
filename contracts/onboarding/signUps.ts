import { z } from 'zod';
import { Slug, TenantName } from '../tenants.ts';

export const signUpStates = ['asked', 'waiting', 'accepted', 'refused'] as const;
/** `asked`: the address is not proven · `waiting`: for a decision · `accepted`: a tenant was made · `refused`. */
export const SignUpState = z.enum(signUpStates);
export type SignUpState = z.infer<typeof SignUpState>;

const planName = z.string().min(1).max(63);

/** What everybody may know before they sign up. */
export const SignUpOffer = z.object({
  isOpen: z.boolean(),
  plans: z.array(z.object({ name: z.string(), title: z.string() })),
  needsApproval: z.boolean(),
});
export type SignUpOffer = z.infer<typeof SignUpOffer>;

export const NewSignUp = z.strictObject({
  organisation: TenantName,
  slug: Slug.optional(),
  plan: planName.optional(),
  email: z.email('must be a mail address').max(254),
  name: TenantName.optional(),
});
export type NewSignUp = z.infer<typeof NewSignUp>;

/** The same for every address. */
export const SignUpAsked = z.object({ expiresInHours: z.number().int() });

const token = z.string().min(20).max(100);
export const SignUpLink = z.strictObject({ token });
export const SignUpProof = z.strictObject({
  token,
  slug: Slug.optional().describe('Another address, when the one that was asked for is taken meanwhile'),
});

/** What a link that is still good is for. */
export const SignUpLinkView = z.object({
  organisation: z.string(),
  email: z.string(),
  slug: z.string().nullable(),
  plan: z.string(),
  needsApproval: z.boolean(),
  expiresAt: z.iso.datetime(),
});
export type SignUpLinkView = z.infer<typeof SignUpLinkView>;

export const SignUpProven = z.object({
  state: z.enum(['waiting', 'accepted']),
  slug: z.string().nullable().describe('The address that the tenant has; null while a decision is waited for'),
});
export type SignUpProven = z.infer<typeof SignUpProven>;

export const SignUp = z.object({
  id: z.uuid(),
  state: SignUpState,
  organisation: z.string().nullable().describe('Null once the tenant holds it, or it was cleared away'),
  email: z.string().nullable(),
  name: z.string().nullable(),
  slug: z.string().nullable(),
  plan: z.string(),
  askedAt: z.iso.datetime(),
  provenAt: z.iso.datetime().nullable(),
  decidedAt: z.iso.datetime().nullable(),
  decidedBy: z.string().nullable(),
  reason: z.string().nullable(),
  tenantId: z.uuid().nullable(),
  runId: z.uuid().nullable(),
  may: z.object({ decide: z.boolean() }),
});
export type SignUp = z.infer<typeof SignUp>;

export const SignUpQuery = z.strictObject({
  state: SignUpState.optional(),
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type SignUpQuery = z.infer<typeof SignUpQuery>;
export const SignUpPage = z.object({
  items: z.array(SignUp),
  nextCursor: z.string().nullable(),
  waiting: z.number().int(),
});
export type SignUpPage = z.infer<typeof SignUpPage>;

export const SignUpApproval = z.strictObject({ slug: Slug.optional(), plan: planName.optional() });
export type SignUpApproval = z.infer<typeof SignUpApproval>;
export const SignUpRefusal = z.strictObject({
  reason: z.string().trim().min(1, 'must say why').max(500).describe('Goes to whoever signed up'),
});

export const SignUpSettings = z.object({
  isOpen: z.boolean(),
  plans: z.array(z.string()),
  needsApproval: z.boolean(),
  changedAt: z.iso.datetime().nullable(),
});
export type SignUpSettings = z.infer<typeof SignUpSettings>;
export const SignUpSettingsChange = z.strictObject({
  isOpen: z.boolean().optional(),
  plans: z.array(planName).min(1).max(50).optional(),
  needsApproval: z.boolean().optional(),
});
export type SignUpSettingsChange = z.infer<typeof SignUpSettingsChange>;
