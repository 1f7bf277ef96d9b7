import type { Client } from '@temporalio/client';
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/common';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import {
  accessVerbs,
  type AccessVerb,
  type PlannedStep,
  type PlatformRunInput,
  type RunInput,
  type RunQueue,
  type StepSpec,
  type WorkflowKind,
} from '#contracts/workflowInputs.ts';
import { runsElsewhere } from '#domain/cluster/compareCluster.ts';
import type { Platform } from '#domain/platform.ts';
import type { Sql } from '#domain/database.ts';
import { keptInRegistry } from '#domain/resources/providerKinds.ts';
import { rows } from '#domain/sql.ts';
import { clusterOf } from './cluster.ts';
import { taskQueueOf } from './queues.ts';
import { searchAttributesOf } from './searchAttributes.ts';

const startDeadlineMs = 3_000;

/**
 * Starts the workflow of a committed run. Safe to repeat: the id is the run's, an execution that is there already is used,
 * and one that has ended is not begun again. Throws while another cluster answers than open runs were started in: the run stays
 * queued until somebody decides.
 */
export async function startRun(platform: Platform, client: Client, runId: string): Promise<void> {
  const em = platform.registry.em.fork();
  const [run] = await rows<{
    kind: WorkflowKind;
    tenant_id: string | null;
    subject_id: string | null;
    state: RunState;
    epoch: number;
    workflow_id: string;
    plan: string | null;
    queue: RunQueue;
  }>(em)`
    select r.kind, r.tenant_id, r.subject_id, r.state, r.epoch, r.workflow_id, r.queue, t.plan
    from runs r left join tenants t on t.id = r.tenant_id where r.id = ${runId}`;
  if (!run || runIsOver(run.state)) return;
  const cluster = await clusterOf(client);
  if (await runsElsewhere(em, cluster))
    throw new Error('open runs live in another Temporal cluster than the one that answers; nothing is started there');
  const steps = await plannedSteps(em, runId, run.epoch);
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
        workflowId: run.workflow_id,
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
  await rows(em)`
    update runs set workflow_started_at = now(), cluster_id = ${cluster.clusterId}, namespace_id = ${cluster.namespaceId}
    where id = ${runId} and workflow_started_at is null`;
}

/** Whether an execution of this workflow is under way; one that Temporal does not know is none. */
export async function executionIsOpen(client: Client, workflowId: string): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING' || status.name === 'PAUSED';
  } catch (error) {
    if ((error as Error).name === 'WorkflowNotFoundError') return false;
    throw error;
  }
}

/** The rows that promise a run's steps, as its workflow gets them; what a step lacks is left out. */
async function plannedSteps(em: Sql, runId: string, epoch: number): Promise<PlannedStep[]> {
  const found = await rows<
    PlannedStep & { waits: boolean; spec: StepSpec; begun: boolean; edited: number[]; doing: string | null }
  >(em)`
    select id, position, title, kind, provider, resource_id as "resourceId", on_failure = 'wait' as waits, spec,
           case when kind = 'resource' then split_part(act, '.', 2) end as doing,
           ${epoch > 1} and state <> 'pending' as begun,
           array(select number from step_inputs where step_id = run_steps.id and number > 1 and undone_at is null
                 order by number) as edited
    from run_steps where run_id = ${runId} order by position`;
  return found.map(({ waits, spec, begun, edited, doing, ...step }) => ({
    ...step,
    ...(isAccessVerb(doing) ? { verb: doing } : {}),
    ...(waits ? { onFailure: 'wait' as const } : {}),
    ...(step.kind === 'resource' && keptInRegistry.has(step.provider) ? { isLocal: true as const } : {}),
    ...(begun ? { begunBefore: true as const } : {}),
    ...(edited.length > 0 ? { inputNumbers: [1, ...edited] } : {}),
    ...(step.kind === 'http' || step.kind === 'custom' ? { spec: outsideOf(spec) } : {}),
  }));
}

const isAccessVerb = (doing: string | null): doing is AccessVerb =>
  (accessVerbs as readonly (string | null)[]).includes(doing);

/** What a workflow needs to know of a step that is served outside; its inputs and schemas stay in the registry. */
const outsideOf = ({ taskQueue, activity, undo, timeoutSeconds }: StepSpec): StepSpec =>
  Object.fromEntries(
    Object.entries({ taskQueue, activity, undo, timeoutSeconds }).filter(([, value]) => value !== undefined),
  );
