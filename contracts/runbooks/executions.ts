import { z } from 'zod';
import { RunState, StepState } from '../runs.ts';
import { Compensation, leafKinds, StepId } from './steps.ts';
import { InputValues } from './runbooks.ts';

export const ExecutionStart = z.strictObject({
  version: z.number().int().min(1).optional().describe('The latest, where nobody says'),
  inputs: InputValues.default({}),
  practice: z.boolean().default(false),
  startAt: StepId.optional().describe(
    'Steps before it are taken as carried out by others: they are passed over, and never taken back',
  ),
  startReason: z.string().trim().min(3).max(2000).optional().describe('Why it does not start at its beginning'),
  outputs: z
    .record(z.string(), z.record(z.string(), z.unknown()))
    .default({})
    .describe('What the steps that are passed over told, by id, where later ones refer to it'),
  breakpoints: z.array(StepId).max(200).default([]),
});
export type ExecutionStart = z.infer<typeof ExecutionStart>;

export const ExecutionStarted = z.object({ runId: z.uuid(), runbook: z.string(), version: z.number().int() });

/** What a person tells a step. `skip` wants a reason; `leave` leaves an undo that fails undone, and raises a task. */
export const stepDecisions = ['retry', 'skip', 'stop', 'continue', 'leave'] as const;
export const StepDecisionKind = z.enum(stepDecisions);
export type StepDecisionKind = z.infer<typeof StepDecisionKind>;

export const StepDecision = z
  .strictObject({
    version: z.number().int().positive().describe('The version of the execution that you have seen'),
    decision: StepDecisionKind,
    reason: z.string().trim().max(2000).default(''),
  })
  .refine(({ decision, reason }) => (decision !== 'skip' && decision !== 'leave') || reason.length >= 3, {
    path: ['reason'],
    message: 'must say why',
  });
export type StepDecision = z.infer<typeof StepDecision>;

export const ManualCompletion = z.strictObject({
  version: z.number().int().positive(),
  outcome: z.enum(['done', 'failed']),
  note: z.string().trim().max(4000).default(''),
  answers: z.record(z.string(), z.union([z.string().max(4000), z.number(), z.boolean()])).default({}),
});
export type ManualCompletion = z.infer<typeof ManualCompletion>;

export const StepVerdict = z
  .strictObject({
    boundTo: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be the digest that was shown')
      .describe('What is approved: version and inputs'),
    verdict: z.enum(['approve', 'refuse']),
    note: z.string().trim().max(2000).default(''),
  })
  .refine(({ verdict, note }) => verdict === 'approve' || note.length > 0, {
    path: ['note'],
    message: 'must say why it is refused',
  });
export type StepVerdict = z.infer<typeof StepVerdict>;

export const ExecutionPause = z.strictObject({ reason: z.string().trim().max(2000).default('') });
export const ExecutionNote = z.strictObject({ note: z.string().trim().min(1).max(4000) });

export const waitsFor = ['decision', 'person', 'approval', 'time', 'breakpoint', 'pause'] as const;
export const WaitsFor = z.enum(waitsFor);
export type WaitsFor = z.infer<typeof WaitsFor>;

const Person = z.object({ id: z.uuid(), email: z.string() });

export const ExecutionStep = z.object({
  id: z.uuid(),
  key: z.string().describe('Its id within the runbook'),
  within: z
    .array(z.object({ kind: z.enum(['sequence', 'parallel']), id: z.string(), title: z.string() }))
    .describe('What holds it, outermost first'),
  kind: z.enum(leafKinds),
  title: z.string(),
  instructions: z.string().describe('Filled in as far as it is known'),
  role: z.string().nullable(),
  message: z.string().nullable(),
  asks: z.array(z.object({ name: z.string(), title: z.string(), type: z.string(), required: z.boolean() })),
  mode: z
    .enum(['act', 'rehearse', 'skip', 'stop', 'passed'])
    .describe('`rehearse`, `skip` and `stop` are of practice; `passed`: carried out by others before'),
  state: StepState,
  waitsFor: WaitsFor.nullable(),
  attempt: z.number().int(),
  progress: z.string().nullable(),
  reasonCode: z.string().nullable(),
  reason: z.string().nullable(),
  budgetSeconds: z.number().int().nullable(),
  overran: z.boolean(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
  until: z.iso.datetime().nullable().describe('When a wait is over, or an approval expires'),
  output: z.record(z.string(), z.unknown()).nullable(),
  undo: Compensation.nullable(),
  breakpoint: z.boolean(),
  childRunId: z.uuid().nullable().describe('The run that a workflow step started'),
  completedBy: z.string().nullable(),
  note: z.string().nullable(),
  approval: z
    .object({
      required: z.number().int(),
      boundTo: z.string(),
      given: z.array(
        z.object({
          by: Person,
          verdict: z.enum(['approve', 'refuse']),
          note: z.string().nullable(),
          at: z.iso.datetime(),
        }),
      ),
    })
    .nullable(),
  may: z.object({
    decide: z.array(StepDecisionKind),
    complete: z.boolean(),
    approve: z.boolean(),
    break: z.boolean(),
  }),
});
export type ExecutionStep = z.infer<typeof ExecutionStep>;

/** One thing that happened; rows are only ever added. */
export const TimelineEntry = z.object({
  number: z.number().int(),
  at: z.iso.datetime(),
  kind: z
    .string()
    .describe(
      '`started`, `step.begun`, `step.done`, `step.failed`, `decided`, `completed`, `approved`, `overran`, `note` …',
    ),
  step: z.string().nullable(),
  title: z.string().nullable(),
  by: z.string().nullable().describe('Null: the platform itself'),
  note: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
});
export type TimelineEntry = z.infer<typeof TimelineEntry>;

const executionHead = {
  runId: z.uuid(),
  runbook: z.string(),
  title: z.string(),
  runbookVersion: z.number().int(),
  practice: z.boolean(),
  state: RunState,
  version: z.number().int().describe('Grows with every change'),
  startedBy: z.string().nullable(),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
  budgetSeconds: z.number().int().nullable(),
  overran: z.boolean(),
  seconds: z.number().describe('Since it began, or in all'),
  waitsFor: z.array(z.object({ step: z.string(), what: WaitsFor })),
};

export const ExecutionSummary = z.object(executionHead);
export type ExecutionSummary = z.infer<typeof ExecutionSummary>;

export const Execution = z.object({
  ...executionHead,
  digest: z.string(),
  inputs: InputValues,
  boundTo: z.string().describe('SHA-256 over version and inputs: what approvals are given to'),
  startAt: z.string().nullable(),
  startReason: z.string().nullable(),
  reasonCode: z.string().nullable(),
  reason: z.string().nullable(),
  pauseRequested: z.boolean(),
  cancelRequested: z.boolean(),
  steps: z.array(ExecutionStep),
  timeline: z.array(TimelineEntry).describe('Oldest first'),
  may: z.object({ pause: z.boolean(), resume: z.boolean(), cancel: z.boolean() }),
  temporal: z.object({ workflowId: z.string(), url: z.string().nullable() }),
});
export type Execution = z.infer<typeof Execution>;

export const ExecutionQuery = z.strictObject({
  runbook: z.string().max(63).optional(),
  practice: z.enum(['true', 'false']).optional(),
  open: z.enum(['true', 'false']).optional(),
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const ExecutionPage = z.object({ items: z.array(ExecutionSummary), nextCursor: z.string().nullable() });
export type ExecutionPage = z.infer<typeof ExecutionPage>;
