import { z } from 'zod';

export const mostSteps = 50;
const longestTimeoutSeconds = 24 * 60 * 60;

/** The address of a step of the SaaS team: absolute, http(s), and without credentials, which would rest in the clear. */
const StepUrl = z
  .string()
  .max(2000)
  .refine((url) => /^https?:\/\//i.test(url) && URL.canParse(url), 'must be an absolute http(s) address')
  .refine((url) => !hasCredentials(url), 'must not carry credentials');

const hasCredentials = (url: string): boolean => {
  const parsed = URL.parse(url);
  return parsed !== null && (parsed.username !== '' || parsed.password !== '');
};

/** What came as JSON is JSON; the document says of it that it may be anything. */
const Json = z.unknown() as z.ZodType<Json>;
export type Json = z.core.util.JSONType;

const JsonSchema = z.record(z.string(), z.unknown()).describe('A JSON Schema (draft 2020-12)');

const common = {
  key: z
    .string()
    .max(63)
    .regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case letters, digits and dashes, beginning with a letter')
    .describe('Names the step within its blueprint; later steps refer to its output by it'),
  title: z.string().trim().min(1, 'must not be empty').max(120).describe('What an operator reads'),
  when: z.enum(['before', 'after']).default('before').describe('Before or after the doors open'),
  onFailure: z.enum(['rollback', 'wait']).default('rollback').describe('Undo everything, or wait for a decision'),
  skippable: z.boolean().default(false).describe('Whether a person may decide to go on without it'),
};

const remote = {
  timeoutSeconds: z.number().int().min(1).max(longestTimeoutSeconds, 'must be at most 24 hours'),
  input: Json.optional().describe(
    'JSON; `{"$from":"steps.<key>.<field>"}` and `{"$tenant":"slug"}` stand for values known later',
  ),
  inputSchema: JsonSchema.optional(),
  outputSchema: JsonSchema.optional(),
  irreversible: z.boolean().default(false).describe('Cannot be undone, so it must come after the doors open'),
};

const provider = z.string().min(1).max(63);

export const ResourceStep = z.strictObject({ kind: z.literal('resource'), provider, ...common });
export const CheckStep = z.strictObject({ kind: z.literal('check'), provider: z.literal('tenant'), ...common });
export const HttpStep = z.strictObject({
  kind: z.literal('http'),
  url: StepUrl,
  undoUrl: StepUrl.nullable().default(null),
  ...common,
  ...remote,
});
export const CustomStep = z.strictObject({
  kind: z.literal('custom'),
  taskQueue: z.string().min(1).max(200),
  activity: z.string().min(1).max(200),
  undo: z.string().min(1).max(200).nullable().default(null),
  ...common,
  ...remote,
});

const AnyStep = z.discriminatedUnion('kind', [ResourceStep, CheckStep, HttpStep, CustomStep]);

/** A step from before steps had keys is called by its provider. */
const withKey = (step: unknown): unknown =>
  typeof step === 'object' && step !== null && !('key' in step) && 'provider' in step
    ? { key: step.provider, ...step }
    : step;

/** One step of a blueprint: data that a blueprint's author writes. */
export const BlueprintStep = z.preprocess(withKey, AnyStep);
export type BlueprintStep = z.infer<typeof AnyStep>;
export type ResourceStep = z.infer<typeof ResourceStep>;
export type CheckStep = z.infer<typeof CheckStep>;
export type HttpStep = z.infer<typeof HttpStep>;
export type CustomStep = z.infer<typeof CustomStep>;

/** What a step's input may say in place of a value. */
export type StepReference = { $from: string } | { $tenant: TenantFact };
export const tenantFacts = ['id', 'slug', 'plan', 'region'] as const;
export type TenantFact = (typeof tenantFacts)[number];

/** What a blueprint or a plan is called: it is part of addresses, where "check" and "new" mean something else. */
export const Name = z
  .string()
  .max(63)
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower-case letters, digits and dashes')
  .refine((name) => name !== 'check' && name !== 'new', 'is reserved');

/** Judged as a whole by the blueprint's own rules, so that one bad step does not hide what is wrong with the others. */
const Steps = z
  .array(z.unknown())
  .max(1000)
  .meta({ items: { $ref: '#/components/schemas/NewBlueprintStep' }, minItems: 1, maxItems: mostSteps });

export const BlueprintDraft = z.strictObject({ steps: Steps });
export const BlueprintCheck = z.object({
  valid: z.boolean(),
  problems: z.array(z.object({ path: z.string(), message: z.string() })),
});
export type BlueprintCheck = z.infer<typeof BlueprintCheck>;

export const NewBlueprintVersion = z.strictObject({
  baseVersion: z.number().int().min(0).describe('The version it was made from: the latest; 0 for a new blueprint'),
  steps: Steps,
});

const Use = {
  plans: z.array(z.string()).describe('Plans whose new tenants are made by it'),
  openRuns: z.number().int().describe('Runs that are pinned to it and not over'),
};

export const BlueprintVersion = z.object({
  name: z.string(),
  version: z.number().int(),
  steps: z.array(BlueprintStep),
  createdAt: z.iso.datetime(),
  ...Use,
});
export type BlueprintVersion = z.infer<typeof BlueprintVersion>;

export const BlueprintSummary = z.object({
  name: z.string(),
  version: z.number().int().describe('The latest'),
  steps: z.array(z.object({ key: z.string(), kind: z.string(), title: z.string() })),
  createdAt: z.iso.datetime(),
  plans: z.array(z.object({ name: z.string(), version: z.number().int() })),
  openRuns: z.number().int().describe('Runs of any of its versions that are not over'),
});
export type BlueprintSummary = z.infer<typeof BlueprintSummary>;

export const Blueprint = z.object({
  name: z.string(),
  latest: BlueprintVersion,
  versions: z
    .array(z.object({ version: z.number().int(), createdAt: z.iso.datetime(), ...Use }))
    .describe('Newest first'),
});
export type Blueprint = z.infer<typeof Blueprint>;

const version = z.number().int().min(1);

export const NewPlan = z.strictObject({
  name: Name,
  title: z.string().trim().min(1, 'must not be empty').max(120),
  tier: z.enum(['schema']).default('schema').describe('How the data of its tenants is kept apart'),
  blueprint: z.strictObject({ name: Name, version }),
});
export type NewPlan = z.infer<typeof NewPlan>;

export const PlanMove = z.strictObject({
  blueprintVersion: version.describe("Another version of the plan's blueprint"),
  expectedVersion: version.describe('The version that the plan is believed to be at'),
});
export type PlanMove = z.infer<typeof PlanMove>;
