import { z } from 'zod';
import { StepId, type RunbookStep } from './steps.ts';

export const inputTypes = ['text', 'number', 'boolean', 'time', 'tenant', 'choice'] as const;

/** What whoever starts it must tell. No secrets: inputs are shown, and are in the report. */
export const RunbookInput = z.strictObject({
  name: StepId.describe('Steps refer to it: `{"$from":"inputs.<name>"}`'),
  title: z.string().trim().min(1, 'must not be empty').max(120),
  help: z.string().trim().max(500).default(''),
  type: z.enum(inputTypes),
  choices: z.array(z.string().min(1).max(120)).max(50).default([]).describe('Of a choice'),
  required: z.boolean().default(true),
  default: z
    .union([z.string().max(2000), z.number(), z.boolean()])
    .nullable()
    .default(null),
});
export type RunbookInput = z.infer<typeof RunbookInput>;

export const InputValues = z.record(z.string(), z.union([z.string().max(2000), z.number(), z.boolean(), z.null()]));
export type InputValues = z.infer<typeof InputValues>;

const head = {
  title: z.string().trim().min(1, 'must not be empty').max(120),
  summary: z.string().trim().max(2000).default('').describe('When it is the right one, in Markdown'),
  budgetSeconds: z
    .number()
    .int()
    .min(1)
    .max(31 * 86_400)
    .nullable()
    .default(null)
    .describe('For all of it: the RTO that it is measured by'),
  exclusive: z
    .enum(['runbook', 'inputs', 'no'])
    .default('inputs')
    .describe('One execution at a time: of the runbook, of the runbook with the same inputs, or as many as like'),
};

/** What a version says. Its steps are judged by the runbook's own rules, as a whole. */
export const RunbookDraft = z.strictObject({
  ...head,
  inputs: z.array(RunbookInput).max(30).default([]),
  steps: z.array(z.unknown()).max(200).describe('Steps of the kinds that `GET /api/v1/runbook-catalogue` tells of'),
});
export type RunbookDraft = z.infer<typeof RunbookDraft>;

/** In its stored form: every default written out. */
export interface RunbookDefinition extends Omit<RunbookDraft, 'steps'> {
  steps: RunbookStep[];
}

/** One thing that is wrong, or worth a look. `error`: no version can be made of it. */
export const Finding = z.object({
  severity: z.enum(['error', 'warning']),
  code: z.string(),
  path: z.string().describe('`steps.2.steps.0.params.tenant`'),
  message: z.string(),
});
export type Finding = z.infer<typeof Finding>;

export const findingCodes = [
  'form_invalid',
  'id_taken',
  'action_unknown',
  'workflow_unknown',
  'params_invalid',
  'reference_invalid',
  'reference_unknown',
  'reference_forward',
  'reference_not_told',
  'input_taken',
  'input_choices',
  'budget_unreachable',
  'approval_unreachable',
  'sql_not_reading',
  'sql_invalid',
  'sql_unreadable',
  'store_unknown',
  'undo_missing',
  'practice_missing',
  'practice_invalid',
  'too_deep',
  'too_many_steps',
  'schema_invalid',
] as const;
export type FindingCode = (typeof findingCodes)[number];

export const RunbookCheck = z.object({ valid: z.boolean(), findings: z.array(Finding) });
export type RunbookCheck = z.infer<typeof RunbookCheck>;

/** Addresses below `runbooks/`, in the API and in the app, that are no names of runbooks. */
const reservedNames: ReadonlySet<string> = new Set(['check', 'new', 'executions', 'practice', 'readiness']);

/** What a runbook is called: part of addresses. */
export const RunbookName = z
  .string()
  .max(63)
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower-case letters, digits and dashes')
  .refine((name) => !reservedNames.has(name), 'is reserved');

export const NewRunbookVersion = z.strictObject({
  baseVersion: z.number().int().min(0).describe('The version it was made from: the latest; 0 for a new runbook'),
  note: z.string().trim().max(500).default('').describe('What changed, and why'),
  definition: RunbookDraft,
});
export type NewRunbookVersion = z.infer<typeof NewRunbookVersion>;

const versionHead = {
  version: z.number().int(),
  digest: z
    .string()
    .describe('SHA-256 over the definition with its keys in order, in hex: what approvals are bound to'),
  origin: z.enum(['shipped', 'written']),
  note: z.string(),
  createdBy: z.string().nullable(),
  createdAt: z.iso.datetime(),
};

const Definition = RunbookDraft as unknown as z.ZodType<RunbookDefinition, RunbookDefinition>;

export const RunbookVersion = z.object({ name: z.string(), ...versionHead, definition: Definition });
export type RunbookVersion = z.infer<typeof RunbookVersion>;

export const Runbook = z.object({
  name: z.string(),
  latest: RunbookVersion,
  versions: z.array(z.object(versionHead)).describe('Newest first'),
  shippedWaits: z
    .number()
    .int()
    .nullable()
    .describe('A newer version came with a release and is not the latest, because this one was edited: its number'),
  findings: z.array(Finding).describe('Of the latest version, by the actions and workflows that there are now'),
});
export type Runbook = z.infer<typeof Runbook>;

export const RunbookSummary = z.object({
  name: z.string(),
  title: z.string(),
  summary: z.string(),
  version: z.number().int(),
  origin: z.enum(['shipped', 'written']),
  steps: z.number().int(),
  budgetSeconds: z.number().int().nullable(),
  openExecutions: z.number().int(),
  lastExecution: z
    .object({ runId: z.uuid(), state: z.string(), practice: z.boolean(), createdAt: z.iso.datetime() })
    .nullable(),
  lastPractice: z
    .object({ runId: z.uuid(), state: z.string(), finishedAt: z.iso.datetime(), seconds: z.number() })
    .nullable(),
  practiceIsStale: z.boolean(),
});
export type RunbookSummary = z.infer<typeof RunbookSummary>;
export const RunbookList = z.object({ items: z.array(RunbookSummary) });
export type RunbookList = z.infer<typeof RunbookList>;

/** What became of one thing between two versions. */
export const RunbookChange = z.object({
  path: z.string().describe('`steps.<id>.<field>`, `inputs.<name>.<field>`, or a field of the head'),
  kind: z.enum(['added', 'removed', 'changed', 'moved']),
  before: z.unknown().nullable(),
  after: z.unknown().nullable(),
});
export type RunbookChange = z.infer<typeof RunbookChange>;
export const RunbookDiff = z.object({ from: z.number().int(), to: z.number().int(), changes: z.array(RunbookChange) });
export type RunbookDiff = z.infer<typeof RunbookDiff>;

/** What steps can be made of here. */
export const RunbookCatalogue = z.object({
  actions: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      description: z.string(),
      params: z.record(z.string(), z.unknown()).describe('A JSON Schema'),
      tells: z.record(z.string(), z.string()),
      practice: z.enum(['same', 'instead', 'skipped']).nullable(),
      hasUndo: z.boolean(),
    }),
  ),
  workflows: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      params: z.record(z.string(), z.unknown()).describe('A JSON Schema'),
      tells: z.record(z.string(), z.string()),
      practice: z.enum(['same', 'instead', 'skipped']).nullable(),
    }),
  ),
  stores: z.array(z.string()).describe('What SQL checks may be asked of'),
});
export type RunbookCatalogue = z.infer<typeof RunbookCatalogue>;
