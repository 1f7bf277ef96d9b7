import { z } from 'zod';
import { practiceKinds } from './actions.ts';

/** A step is a leaf that does something, or holds others. `sequence` and `parallel` hold. */
export const leafKinds = ['action', 'workflow', 'sql', 'http', 'wait', 'manual', 'approval', 'custom'] as const;
export type LeafKind = (typeof leafKinds)[number];

export const longestStepSeconds = 31 * 86_400;
export const deepestNesting = 6;
export const mostLeaves = 200;

const text = (most: number) => z.string().trim().min(1, 'must not be empty').max(most);
const seconds = z.number().int().min(1).max(longestStepSeconds);

/** JSON in which `{"$from":"inputs.<name>"}` and `{"$from":"steps.<id>.<field>"}` stand for values that are known when it runs. */
const Given = z.record(z.string(), z.unknown()).default({});

export const StepId = z
  .string()
  .max(63)
  .regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case letters, digits and dashes, beginning with a letter');

const described = {
  id: StepId.describe('Names the step within its runbook; later steps refer to what it told by it'),
  title: text(120).describe('What an operator reads'),
};

/** How a step is taken back when the execution stops after it. Never asked of a step that was not carried out by this execution. */
export const Compensation = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('own') }).describe("The action's or the custom step's own undo"),
  z.strictObject({ kind: z.literal('action'), action: z.string().max(120), params: Given }),
  z.strictObject({ kind: z.literal('manual'), instructions: text(8000) }),
]);
export type Compensation = z.infer<typeof Compensation>;

/** `instead` without a step is for actions that come with a rehearsal. */
export const StepPractice = z.union([
  z.enum(practiceKinds),
  z.strictObject({ instead: z.record(z.string(), z.unknown()).describe('Another step, of any kind but an approval') }),
]);

const leaf = {
  ...described,
  instructions: z
    .string()
    .trim()
    .max(8000)
    .default('')
    .describe('Markdown; `{{inputs.x}}` and `{{steps.y.z}}` are filled in'),
  budgetSeconds: seconds
    .nullable()
    .default(null)
    .describe('How long it should take; the clock of a practice and of the report'),
  onOverrun: z.enum(['tell', 'stop']).default('tell').describe('Tell, or end the step as failed'),
  onFailure: z
    .enum(['wait', 'stop', 'continue'])
    .default('wait')
    .describe('Wait for a decision, stop and take back, or go on'),
  skippable: z.boolean().default(true).describe('Whether a person may decide to go on without it, with a reason'),
  practice: StepPractice.nullable().default(null).describe('Null: as its kind or its action declares'),
  undo: Compensation.nullable().default(null),
};

export const ActionStep = z.strictObject({
  kind: z.literal('action'),
  ...leaf,
  action: z.string().min(1).max(120),
  params: Given,
});
export const WorkflowStep = z.strictObject({
  kind: z.literal('workflow'),
  ...leaf,
  workflow: z.string().min(1).max(120),
  params: Given,
});

export const SqlStep = z.strictObject({
  kind: z.literal('sql'),
  ...leaf,
  on: z.string().max(63).default('registry').describe('`registry`, or the name of a data store'),
  query: text(20_000).describe('One statement that reads, with $1, $2 … for its parameters'),
  params: z.array(z.unknown()).max(20).default([]),
  timeoutSeconds: z.number().int().min(1).max(600).default(15),
  expect: z
    .strictObject({
      rows: z
        .strictObject({
          atLeast: z.number().int().min(0).default(0),
          atMost: z.number().int().min(0).nullable().default(null),
        })
        .optional(),
      first: z.record(z.string(), z.unknown()).optional().describe('What the first row must say, by column'),
    })
    .default({}),
  tells: z
    .array(z.string().max(63))
    .max(20)
    .default([])
    .describe('Columns of the first row that later steps may refer to'),
});

export const HttpCheckStep = z.strictObject({
  kind: z.literal('http'),
  ...leaf,
  method: z.enum(['GET', 'HEAD', 'POST']).default('GET'),
  url: text(2000),
  body: z.unknown().optional(),
  timeoutSeconds: z.number().int().min(1).max(120).default(10),
  untilSeconds: z
    .number()
    .int()
    .min(0)
    .max(86_400)
    .default(0)
    .describe('Asked again until it is as expected, for so long'),
  expect: z
    .strictObject({
      status: z.array(z.number().int().min(100).max(599)).min(1).default([200]),
      contains: z.string().max(2000).optional(),
    })
    .prefault({}),
});

export const WaitStep = z.strictObject({ kind: z.literal('wait'), ...leaf, seconds });
export const ManualStep = z.strictObject({
  kind: z.literal('manual'),
  ...leaf,
  role: text(120).default('operator').describe('Who does it, in words: "Incident commander"'),
  message: z.string().trim().max(4000).default('').describe('A text to be sent to others, ready to copy'),
  asks: z
    .array(
      z.strictObject({
        name: StepId,
        title: text(120),
        type: z.enum(['text', 'number', 'boolean']),
        required: z.boolean().default(true),
      }),
    )
    .max(20)
    .default([])
    .describe('What who completes it tells; later steps may refer to it'),
});
export const ApprovalStep = z.strictObject({
  kind: z.literal('approval'),
  ...leaf,
  required: z.number().int().min(1).max(5).describe('How many must approve, each another person'),
  among: z
    .array(z.email().max(254))
    .max(50)
    .default([])
    .describe('Only of these people; empty: everybody who may approve'),
  expiresSeconds: seconds.default(86_400),
  notByStarter: z.boolean().default(true).describe('Who started the execution does not count'),
});
export const CustomRunbookStep = z.strictObject({
  kind: z.literal('custom'),
  ...leaf,
  taskQueue: z.string().min(1).max(200),
  activity: z.string().min(1).max(200),
  undoActivity: z.string().min(1).max(200).nullable().default(null),
  timeoutSeconds: z.number().int().min(1).max(86_400),
  params: Given,
  outputSchema: z.record(z.string(), z.unknown()).optional().describe('A JSON Schema (draft 2020-12)'),
});

export const LeafStep = z.discriminatedUnion('kind', [
  ActionStep,
  WorkflowStep,
  SqlStep,
  HttpCheckStep,
  WaitStep,
  ManualStep,
  ApprovalStep,
  CustomRunbookStep,
]);
export type LeafStep = z.infer<typeof LeafStep>;
export type ActionStep = z.infer<typeof ActionStep>;
export type WorkflowStep = z.infer<typeof WorkflowStep>;
export type SqlStep = z.infer<typeof SqlStep>;
export type HttpCheckStep = z.infer<typeof HttpCheckStep>;
export type WaitStep = z.infer<typeof WaitStep>;
export type ManualStep = z.infer<typeof ManualStep>;
export type ApprovalStep = z.infer<typeof ApprovalStep>;
export type CustomRunbookStep = z.infer<typeof CustomRunbookStep>;

/** Its steps are judged one by one, so that a wrong one does not hide what is wrong with the others. */
export const HoldingStep = z.strictObject({
  kind: z.enum(['sequence', 'parallel']),
  ...described,
  steps: z.array(z.unknown()).min(1, 'must hold at least one step').max(50),
});
export interface HoldingStep {
  kind: 'sequence' | 'parallel';
  id: string;
  title: string;
  steps: RunbookStep[];
}
export type RunbookStep = LeafStep | HoldingStep;

export const isHolding = (step: RunbookStep): step is HoldingStep =>
  step.kind === 'sequence' || step.kind === 'parallel';

/** The leaves in the order in which they are written. */
export const leavesOf = (steps: readonly RunbookStep[]): LeafStep[] =>
  steps.flatMap((step) => (isHolding(step) ? leavesOf(step.steps) : [step]));
