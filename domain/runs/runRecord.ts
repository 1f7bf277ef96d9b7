import { defineEntity, p } from '@mikro-orm/postgresql';
import { runStates, stepStates } from '#contracts/runStates.ts';
import { runQueues, workflowKinds } from '#contracts/workflowInputs.ts';

const RunSchema = defineEntity({
  name: 'Run',
  tableName: 'runs',
  properties: {
    id: p.uuid().primary(),
    kind: p.enum(workflowKinds),
    tenantId: p.uuid().nullable(),
    subjectId: p.uuid().nullable(),
    state: p.enum(runStates),
    version: p.integer(),
    epoch: p.integer(),
    exclusive: p.boolean(),
    cancellable: p.boolean(),
    blueprintName: p.string().nullable(),
    blueprintVersion: p.integer().nullable(),
    parentRunId: p.uuid().nullable(),
    reversibleUntil: p.datetime().nullable(),
    reverseOf: p.uuid().nullable(),
    reasonCode: p.string().nullable(),
    reason: p.string().nullable(),
    actorId: p.uuid().nullable(),
    requestId: p.string().nullable(),
    workflowId: p.string(),
    clusterId: p.string().nullable(),
    namespaceId: p.string().nullable(),
    workflowStartedAt: p.datetime().nullable(),
    cancelRequestedAt: p.datetime().nullable(),
    cancelRequestedBy: p.uuid().nullable(),
    cancelDeliveredAt: p.datetime().nullable(),
    queue: p.enum(runQueues),
    pauseRequestedAt: p.datetime().nullable(),
    heldBy: p.string().nullable(),
    heldSince: p.datetime().nullable(),
    heldStepId: p.uuid().nullable(),
    park: p.integer(),
    createdAt: p.datetime(),
    startedAt: p.datetime().nullable(),
    finishedAt: p.datetime().nullable(),
  },
});
export class Run extends RunSchema.class {}
RunSchema.setClass(Run);

const RunStepSchema = defineEntity({
  name: 'RunStep',
  tableName: 'run_steps',
  properties: {
    id: p.uuid().primary(),
    runId: p.uuid(),
    position: p.integer(),
    title: p.string(),
    kind: p.enum(['fixed', 'resource', 'check', 'http', 'custom'] as const),
    provider: p.string(),
    resourceId: p.uuid().nullable(),
    act: p.string(),
    undo: p.string().nullable(),
    key: p.string().nullable(),
    spec: p.json<Record<string, unknown>>(),
    onFailure: p.enum(['rollback', 'wait'] as const),
    skippable: p.boolean(),
    breakpoint: p.boolean(),
    state: p.enum(stepStates),
    epoch: p.integer(),
    attempt: p.integer(),
    undoAttempt: p.integer(),
    startedAt: p.datetime().nullable(),
    finishedAt: p.datetime().nullable(),
    reasonCode: p.string().nullable(),
    reason: p.string().nullable(),
  },
});
export class RunStep extends RunStepSchema.class {}
RunStepSchema.setClass(RunStep);
