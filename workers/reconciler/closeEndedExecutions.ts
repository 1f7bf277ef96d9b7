import { abandonRun } from '#domain/runs/abandonRun.ts';
import { rows } from '#domain/sql.ts';
import { askCluster } from '#temporal/cluster.ts';
import { startRun } from '#temporal/startRun.ts';
import type { Reconciled } from './reconciled.ts';

const batch = 20;
/** A run is compared with its workflow this often; a run that just started is in good hands. */
const everySeconds = 10;

/**
 * Terminating a workflow runs no code, so its run stays open in the ledger. Looked at in turns: when the workflow has ended and
 * the ledger does not know, the run is closed and what it had begun is completed. Only where the same cluster and namespace
 * answer: another or an empty cluster (a wrong address looks like this) proves nothing about a run.
 */
export async function closeEndedExecutions({ platform, client, logger }: Reconciled): Promise<void> {
  const em = platform.registry.em.fork();
  const open = await rows<{ id: string; workflow_id: string; cluster_id: string; namespace_id: string }>(em)`
    update runs set checked_at = now()
    where id in (
      select id from runs
      where state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')
        and workflow_started_at < now() - make_interval(secs => ${everySeconds}::int)
        and (checked_at is null or checked_at < now() - make_interval(secs => ${everySeconds}::int))
      order by checked_at nulls first limit ${batch} for update skip locked)
    returning id, workflow_id, cluster_id, namespace_id`;
  if (open.length === 0) return;

  const { clusterId, namespaceId } = await askCluster(client);
  for (const run of open) {
    if (run.cluster_id !== clusterId || run.namespace_id !== namespaceId) {
      logger.error(
        { runId: run.id },
        'this run lives in another Temporal cluster than the one that answers; nothing is done about it',
      );
      continue;
    }
    const how = await endingOf(client, run.workflow_id);
    if (!how) continue;
    const followUp = await abandonRun(em.fork(), platform.announcer, run.id, how);
    logger.warn(
      { runId: run.id, followUp, how },
      'a workflow ended without writing so; its run is completed from the ledger',
    );
    if (followUp) await startRun(platform, client, followUp);
  }
}

/** How the execution ended; null while it is open. */
async function endingOf(client: Reconciled['client'], workflowId: string): Promise<string | null> {
  try {
    const { status } = await client.workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING' || status.name === 'PAUSED'
      ? null
      : status.name.toLowerCase().replaceAll('_', ' ');
  } catch (error) {
    if ((error as Error).name === 'WorkflowNotFoundError') return 'deleted';
    throw error;
  }
}
