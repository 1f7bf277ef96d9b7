import { z } from 'zod';
import { reservedSlugs, slugPattern } from './slugs.ts';
import { runQueues } from './workflowInputs.ts';

export const tenantStates = ['provisioning', 'active', 'suspended', 'offboarding', 'erased', 'rolled_back'] as const;
export const TenantState = z.enum(tenantStates);
export type TenantState = z.infer<typeof TenantState>;

const noControls = /^[^\p{Cc}\p{Cs}\p{Co}\p{Cn}\u2028\u2029\u202a-\u202e\u2066-\u2069]+$/u;

/** What people call the tenant: any script, 1–120 characters (code points) after trimming, no control or direction marks. */
export const TenantName = z
  .string()
  .meta({ minLength: 1, maxLength: 120 }) // for the OpenAPI document; what counts is below
  .transform((name) => name.normalize('NFC').trim())
  .refine((name) => [...name].length >= 1, 'must not be empty')
  .refine((name) => [...name].length <= 120, 'must have at most 120 characters')
  .refine((name) => name === '' || noControls.test(name), 'must not have control characters');

export const Slug = z
  .string()
  .min(2)
  .max(39)
  .regex(slugPattern, 'must be lower-case letters a–z, digits and single inner dashes')
  .refine((slug) => !reservedSlugs.has(slug), 'is reserved')
  .describe('The address: 2–39 lower-case ASCII letters, digits and single inner dashes');

const labelKey = /^[a-z0-9](?:[a-z0-9._/-]{0,61}[a-z0-9])?$/;

export const Labels = z
  .record(z.string().regex(labelKey, 'must be a lower-case label key of 1–63 characters'), z.string().max(120))
  .refine((labels) => Object.keys(labels).length <= 32, 'must have at most 32 labels');

export const ExternalId = z
  .string()
  .min(1)
  .max(120)
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces');

export const Person = z.strictObject({ email: z.email().max(254), name: TenantName.optional() });

export const NewTenant = z.strictObject({
  name: TenantName,
  slug: Slug.optional(),
  externalId: ExternalId.optional(),
  labels: Labels.optional(),
  plan: z.string().min(1).max(63).optional(),
  region: z.string().min(1).max(63).optional(),
  admin: Person.optional(),
  queue: z
    .enum(runQueues)
    .optional()
    .describe('`bulk` for one of many: nobody who waits for an answer stands behind it'),
  breakpoints: z
    .array(z.string().max(63))
    .max(50)
    .optional()
    .describe('Keys of steps before which the run stops until a person says go on'),
});
export type NewTenant = z.infer<typeof NewTenant>;

const planId = z.uuid().toLowerCase().optional();

/** Planning again keeps the ids that were chosen before, so that what carries our tag for them is found again. */
export const TenantToPlan = NewTenant.extend({ planId: planId.describe('An earlier plan to make anew') });

/** Everything about the tenant, or the plan that holds it; what is given besides the plan must be what was planned. */
export const TenantToCreate = NewTenant.extend({
  name: TenantName.optional(),
  planId: planId.describe('The plan to apply; nothing else is needed then'),
}).refine(({ name, planId }) => name !== undefined || planId !== undefined, {
  path: ['name'],
  error: 'Invalid input: expected string, received undefined',
  when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value),
});
export type TenantToCreate = z.infer<typeof TenantToCreate>;

export const TenantChange = z
  .strictObject({
    name: TenantName.optional(),
    externalId: ExternalId.nullable().optional(),
    labels: Labels.optional(),
    admin: Person.nullable().optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'must change something');
export type TenantChange = z.infer<typeof TenantChange>;

export const TenantPlanChange = z.strictObject({
  plan: z.string().min(1).max(63),
  expected: z.string().min(1).max(63).describe('The plan that the tenant is believed to have'),
  revokeOlder: z
    .boolean()
    .default(false)
    .describe('Files of its licence that were issued before are revoked, so that they grant the former plan no more'),
});
export type TenantPlanChange = z.infer<typeof TenantPlanChange>;

export const TenantRemoval = z.strictObject({ confirm: z.string().max(120).describe("The tenant's slug, typed out") });

export const Resource = z.object({
  id: z.uuid(),
  kind: z.string(),
  provider: z.string(),
  title: z.string(),
  externalId: z.string().nullable(),
  state: z.enum(['planned', 'ensuring', 'present', 'destroying', 'destroyed']),
  updatedAt: z.iso.datetime(),
});
export type Resource = z.infer<typeof Resource>;

export const Tenant = z.object({
  id: z.uuid(),
  name: z.string(),
  slug: z.string().nullable().describe('Null once the address was released'),
  externalId: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  plan: z.string(),
  region: z.string(),
  state: TenantState,
  attention: z.boolean(),
  admin: z.object({ email: z.string(), name: z.string().nullable() }).nullable(),
  latestRunId: z.uuid().nullable(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type Tenant = z.infer<typeof Tenant>;

export const TenantDetail = Tenant.extend({ resources: z.array(Resource) });
export type TenantDetail = z.infer<typeof TenantDetail>;

export const tenantSorts = ['name', '-name', 'createdAt', '-createdAt'] as const;

export const TenantQuery = z.strictObject({
  q: z.string().max(120).optional().describe('Part of a name, slug or external id, or `label:key=value`'),
  state: TenantState.optional(),
  plan: z.string().max(63).optional(),
  sort: z.enum(tenantSorts).default('-createdAt'),
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const TenantPage = z.object({
  items: z.array(Tenant),
  nextCursor: z.string().nullable(),
  total: z.number().int(),
});
export type TenantPage = z.infer<typeof TenantPage>;

export const TenantPlan = z.object({
  planId: z.uuid(),
  hash: z.string().describe('SHA-256 over everything that is shown'),
  expiresAt: z.iso.datetime(),
  slug: z.string(),
  slugIsFree: z.boolean(),
  suggestions: z.array(z.string()),
  plan: z.string(),
  blueprint: z.object({ name: z.string(), version: z.number().int() }),
  region: z.string(),
  steps: z.array(
    z.object({
      key: z.string(),
      title: z.string(),
      provider: z.string(),
      action: z.enum(['create', 'adopt', 'conflict', 'unchanged', 'check', 'call', 'reserve', 'open']),
      reason: z.string(),
    }),
  ),
});
export type TenantPlan = z.infer<typeof TenantPlan>;

export const Manifest = z.object({
  tenantId: z.uuid(),
  revealed: z
    .boolean()
    .describe('Whether secrets are in it: ask with `?reveal=true` and the permission `tenants:reveal`'),
  resources: z.array(
    z.object({ kind: z.string(), provider: z.string(), values: z.record(z.string(), z.string().nullable()) }),
  ),
});
export type Manifest = z.infer<typeof Manifest>;

export const Plan = z.object({
  name: z.string(),
  title: z.string(),
  tier: z.enum(['pool', 'schema', 'database']),
  blueprint: z.object({ name: z.string(), version: z.number().int() }),
});
export type Plan = z.infer<typeof Plan>;

export const Portal = z.object({ name: z.string(), slug: z.string(), issuer: z.string() });
export type Portal = z.infer<typeof Portal>;
