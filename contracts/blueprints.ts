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
