import type { Client } from '@temporalio/client';
import type { Sql } from '#domain/database.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { abandonRun } from '#domain/runs/ending/abandonRun.ts';
import { rows } from '#domain/sql.ts';
import { closeTasks } from '#domain/tasks/closeTasks.ts';
import { startRun } from '#temporal/startRun.ts';
import { noteStuck } from './noteStuck.ts';
import type { Reconciled } from './reconciled.ts';
import { spareForgottenEnd } from './spareForgottenEnd.ts';

const batch = 20;
/** One that accompanies a tenant for weeks is compared less often, so that thousands of them keep nobody waiting. */
const longEverySeconds = 600;

/**
 * Terminating a workflow runs no code, so its run stays open in the ledger. Looked at in turns: when the workflow has ended and
 * the ledger does not know, the run is closed and what it had begun is completed. Only where the run's own cluster answers:
 * another one proves nothing about it.
 */
export async function closeEndedExecutions({ platform, client, logger }: Reconciled): Promise<void> {
  // A run that just started is in good hands.
  const everySeconds = platform.configuration.reconcileSeconds;
  const em = platform.registry.em.fork();
  const open = await rows<{ id: string; workflow_id: string; tenant_id: string | null }>(em)`
    update runs set checked_at = now()
    where id in (
      select id from runs
      where state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')
        and workflow_started_at < now() - make_interval(secs => ${everySeconds}::int)
        and (checked_at is null or checked_at < now() - make_interval(secs =>
          case when kind = 'onboardTenant' then ${longEverySeconds}::int else ${everySeconds}::int end))
      order by checked_at nulls first limit ${batch} for update skip locked)
    returning id, workflow_id, tenant_id`;
  for (const run of open) {
    const execution = await describe(client, run.workflow_id);
    if (execution.isOpen) {
      await noteStuck(em.fork(), run, execution.failedTasks);
      continue;
    }
    const { how } = execution;
    if (await spareForgottenEnd({ platform, logger }, run, how.startsWith('completed'))) continue;
    const followUp = await abandonRun(em.fork(), platform.announcer, run.id, how);
    logger.warn(
      { runId: run.id, followUp, how },
      'a workflow ended without writing so; its run is completed from the ledger',
    );
    if (followUp) await startRun(platform, client, followUp);
  }
  await closeSettledTasks(em.fork());
}

/** A run that is over is stuck no more. */
async function closeSettledTasks(em: Sql): Promise<void> {
  const settled = await rows<{ run_id: string }>(em)`
    select task.run_id from tasks task join runs on runs.id = task.run_id
    where task.state = 'open' and task.kind = 'workflow_stuck'
      and runs.state in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`;
  for (const { run_id: runId } of settled)
    await em.transactional((tx) => closeTasks(tx, { runId, kinds: ['workflow_stuck'] }, theSystem));
}

type Execution = { isOpen: true; failedTasks: number } | { isOpen: false; how: string };

async function describe(client: Client, workflowId: string): Promise<Execution> {
  try {
    const { status, raw } = await client.workflow.getHandle(workflowId).describe();
    if (status.name === 'RUNNING' || status.name === 'PAUSED')
      return { isOpen: true, failedTasks: Math.max(0, (raw.pendingWorkflowTask?.attempt ?? 1) - 1) };
    return { isOpen: false, how: `${status.name.toLowerCase().replaceAll('_', ' ')} in Temporal` };
  } catch (error) {
    if ((error as Error).name === 'WorkflowNotFoundError') return { isOpen: false, how: 'deleted in Temporal' };
    throw error;
  }
}
