import type { Client } from '@temporalio/client';
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/common';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import {
  workflowIdOf,
  type PlannedStep,
  type PlatformRunInput,
  type RunInput,
  type RunQueue,
  type StepSpec,
  type WorkflowKind,
} from '#contracts/workflowInputs.ts';
import type { Platform } from '#domain/platform.ts';
import type { Sql } from '#domain/database.ts';
import { rows } from '#domain/sql.ts';
import { clusterOf } from './cluster.ts';
import { taskQueueOf } from './queues.ts';
import { searchAttributesOf } from './searchAttributes.ts';

const startDeadlineMs = 3_000;

/**
 * Starts the workflow of a committed run. Safe to repeat: the id is the run's, an execution that is there already is used,
 * and one that has ended is not begun again.
 */
export async function startRun(platform: Platform, client: Client, runId: string): Promise<void> {
  const em = platform.registry.em.fork();
  const [run] = await rows<{
    kind: WorkflowKind;
    tenant_id: string | null;
    subject_id: string | null;
    state: RunState;
    epoch: number;
    plan: string | null;
    queue: RunQueue;
  }>(em)`
    select r.kind, r.tenant_id, r.subject_id, r.state, r.epoch, r.queue, t.plan
    from runs r left join tenants t on t.id = r.tenant_id where r.id = ${runId}`;
  if (!run || runIsOver(run.state)) return;
  const steps = await plannedSteps(em, runId);
  const { undoPatienceSeconds, actAttempts, taskQueue } = platform.configuration;
  const { tenant_id: tenantId, subject_id: subjectId, epoch } = run;
  const input: RunInput | PlatformRunInput = {
    runId,
    tenantId,
    epoch,
    subjectId,
    steps,
    undoPatienceSeconds,
    actAttempts,
  };

  try {
    await client.withDeadline(Date.now() + startDeadlineMs, () =>
      client.workflow.start(run.kind, {
        workflowId: workflowIdOf(run.kind, run.tenant_id, runId),
        taskQueue: taskQueueOf(taskQueue, run.queue),
        args: [input],
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
        workflowTaskTimeout: '3s',
        typedSearchAttributes: searchAttributesOf({ tenantId: run.tenant_id, kind: run.kind, plan: run.plan }),
      }),
    );
  } catch (error) {
    if ((error as Error).name !== 'WorkflowExecutionAlreadyStartedError') throw error;
  }
  const cluster = await clusterOf(client);
  await rows(em)`
    update runs set workflow_started_at = now(), cluster_id = ${cluster.clusterId}, namespace_id = ${cluster.namespaceId}
    where id = ${runId} and workflow_started_at is null`;
}

/** The rows that promise a run's steps, as its workflow gets them; what a step lacks is left out. */
async function plannedSteps(em: Sql, runId: string): Promise<PlannedStep[]> {
  const found = await rows<PlannedStep & { waits: boolean; spec: StepSpec }>(em)`
    select id, position, title, kind, provider, resource_id as "resourceId", on_failure = 'wait' as waits, spec
    from run_steps where run_id = ${runId} order by position`;
  return found.map(({ waits, spec, ...step }) => ({
    ...step,
    ...(waits ? { onFailure: 'wait' as const } : {}),
    ...(step.kind === 'http' || step.kind === 'custom' ? { spec: outsideOf(spec) } : {}),
  }));
}

/** What a workflow needs to know of a step that is served outside; its inputs and schemas stay in the registry. */
const outsideOf = ({ taskQueue, activity, undo, timeoutSeconds }: StepSpec): StepSpec =>
  Object.fromEntries(
    Object.entries({ taskQueue, activity, undo, timeoutSeconds }).filter(([, value]) => value !== undefined),
  );
