import { DomainError } from '#contracts/errors.ts';
import type { ClusterConfirmed } from '#contracts/platform.ts';
import type { RunState } from '#contracts/runStates.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import type { Announcer } from '../events/announcer.ts';
import { abandonRun } from '../runs/ending/abandonRun.ts';
import { rows } from '../sql.ts';
import { closeTasks } from '../tasks/closeTasks.ts';
import { isSameCluster, lockClusterChanges, openChange, type ClusterIdentity } from './clusterChange.ts';

/**
 * Takes the cluster that answers as the one to work in from now on. Runs that were started in the other go forward again, each
 * with a new epoch, so that whatever may still live there is refused; what was being rolled back is finished from the ledger.
 * The reconciler starts them. Refuses with `cluster_changed` unless this is the cluster that is seen now.
 */
export async function confirmCluster(
  em: Sql,
  announcer: Announcer,
  wanted: ClusterIdentity,
  actor: Actor,
): Promise<ClusterConfirmed> {
  const changed: { id: string; version: number }[] = [];
  const confirmed = await em.transactional(async (tx) => {
    await lockClusterChanges(tx);
    const change = await openChange(tx);
    if (!change || !isSameCluster(change.seen, wanted))
      throw new DomainError('cluster_changed', 'This is not the Temporal cluster that answers now. Look again.');
    const lost = await rows<{ id: string; state: RunState }>(tx)`
      select id, state from runs
      where state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')
        and cluster_id is not null and (cluster_id, namespace_id) <> (${wanted.clusterId}, ${wanted.namespaceId})
      order by id for update`;
    const [toFinish, toRestart] = [
      lost.filter(({ state }) => state === 'rolling_back'),
      lost.filter(({ state }) => state !== 'rolling_back'),
    ];
    for (const { id } of toRestart) changed.push(await restart(tx, id, actor));
    await rows(tx)`
      update cluster_changes set state = 'confirmed', decided_at = now(), decided_by = ${actor.userId}, affected_runs = ${lost.length}
      where id = ${change.id}`;
    await closeTasks(tx, { platform: true, kinds: ['cluster_lost'] }, actor);
    const { known, seen } = change;
    await appendEvent(
      tx,
      {
        stream: 'platform:cluster',
        type: 'platform.cluster_confirmed',
        tenantId: null,
        data: { known, seen, runs: lost.length },
      },
      actor,
    );
    for (const { id } of toFinish) await abandonRun(tx, announcer, id, 'lost with its Temporal cluster');
    return { restarted: toRestart.length, finishedFromLedger: toFinish.length };
  });
  for (const { id, version } of changed) announcer.announce('run', id, version);
  return confirmed;
}

/** Back into the queue. Its execution gets a name of its own: if the lost cluster returns, the old one must not be found by it. */
async function restart(em: Sql, runId: string, actor: Actor): Promise<{ id: string; version: number }> {
  const [run] = await rows<{ tenant_id: string | null; epoch: number; version: number }>(em)`
    update runs set state = 'queued', epoch = epoch + 1, version = version + 1,
      workflow_id = kind || '/' || coalesce(tenant_id::text, 'platform') || '/' || id || '/' || (epoch + 1),
      workflow_started_at = null, cluster_id = null, namespace_id = null, cancel_delivered_at = null, checked_at = null,
      held_by = null, held_since = null, held_step_id = null, park = 0
    where id = ${runId} returning tenant_id, epoch, version`;
  if (!run) throw new Error(`run ${runId} is gone`);
  await appendEvent(
    em,
    { stream: `run:${runId}`, type: 'run.restarted', tenantId: run.tenant_id, data: { epoch: run.epoch } },
    actor,
  );
  return { id: runId, version: run.version };
}
