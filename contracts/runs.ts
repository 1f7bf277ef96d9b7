import { z } from 'zod';
import { DecisionKind } from './decisions.ts';
import { runStates, stepStates } from './runStates.ts';
import { runQueues, workflowKinds } from './workflowInputs.ts';

export const RunState = z.enum(runStates);
export const StepState = z.enum(stepStates);
export const RunKind = z.enum(workflowKinds);

export const RunStep = z.object({
  id: z.uuid(),
  title: z.string(),
  key: z.string().nullable().describe('Its name within the blueprint'),
  provider: z.string(),
  state: StepState,
  breakpoint: z.boolean().describe('The run stops before it'),
  may: z.object({ break: z.boolean(), edit: z.boolean() }).describe('Take a breakpoint; be retried with another input'),
  attempt: z.number().int(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
  reason: z.string().nullable(),
});
export type RunStep = z.infer<typeof RunStep>;

export const RunDecision = z.object({
  decision: DecisionKind,
  stepId: z.uuid(),
  step: z.string(),
  edited: z.boolean().describe('Whether it came with another input'),
  decidedBy: z.string().nullable(),
  decidedAt: z.iso.datetime(),
  takenAt: z.iso.datetime().nullable().describe('When the run went on by it'),
});
export type RunDecision = z.infer<typeof RunDecision>;

export const Run = z.object({
  id: z.uuid(),
  kind: RunKind,
  state: RunState,
  version: z.number().int().describe('Grows with every change of the run or its steps'),
  tenantId: z.uuid().nullable(),
  tenant: z.object({ name: z.string(), slug: z.string().nullable(), plan: z.string() }).nullable(),
  progress: z
    .object({
      done: z.number().int(),
      total: z.number().int().nullable(),
      found: z.number().int(),
      perSecond: z.number().nullable().describe('How many it did a second of late; null where nobody measures that'),
      skipped: z.array(z.object({ tenantId: z.uuid().nullable(), title: z.string(), why: z.string() })),
    })
    .nullable()
    .describe('How far a run has come that looks at many things'),
  reason: z.string().nullable(),
  cancelRequestedAt: z.iso.datetime().nullable(),
  startedBy: z.string().nullable(),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
  may: z.object({
    cancel: z.boolean(),
    tryAgain: z.boolean(),
    finishRollback: z.boolean(),
    reverse: z.boolean(),
    pause: z.boolean(),
    resume: z.boolean(),
    decide: z.array(DecisionKind),
  }),
  queue: z.enum(runQueues),
  pauseRequestedAt: z.iso.datetime().nullable(),
  held: z
    .object({
      by: z.string().describe('`decision`, `pause`, `breakpoint`, `provisioning`, `circuit:<provider>`'),
      since: z.iso.datetime(),
      stepId: z.uuid(),
      reasonCode: z.string().nullable(),
    })
    .nullable()
    .describe('Why and where the run stands still'),
  decisions: z.array(RunDecision),
  reversibleUntil: z.iso.datetime().nullable().describe('Until when a run may take back what this one did'),
  reverseOf: z.uuid().nullable().describe('The run that this one takes back'),
  parentRunId: z.uuid().nullable().describe('The run that this one follows up'),
  blueprint: z
    .object({ name: z.string(), version: z.number().int() })
    .nullable()
    .describe('What the run is pinned to, wherever its plan moves'),
  temporal: z.object({ workflowId: z.string(), url: z.string().nullable() }),
  steps: z.array(RunStep),
});
export type Run = z.infer<typeof Run>;

export const RunQuery = z.strictObject({
  tenantId: z.uuid().optional(),
  state: RunState.optional(),
  kind: RunKind.optional(),
  reasonCode: z.string().max(80).optional().describe('Of the step at which the run stands still'),
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const RunPage = z.object({ items: z.array(Run), nextCursor: z.string().nullable() });
export type RunPage = z.infer<typeof RunPage>;

export const RunStarted = z.object({
  tenantId: z.uuid(),
  slug: z.string(),
  runId: z.uuid(),
  blueprint: z
    .object({ name: z.string(), version: z.number().int() })
    .optional()
    .describe('Of a run that makes a tenant: what it is pinned to, whatever becomes of the plan'),
});
export type RunStarted = z.infer<typeof RunStarted>;
