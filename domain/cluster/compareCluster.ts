import { v7 as newId } from 'uuid';
import type { Sql } from '../database.ts';
import { appendEvent, theSystem } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { closeTasks } from '../tasks/closeTasks.ts';
import { openTask } from '../tasks/openTask.ts';
import { isSameCluster, lockClusterChanges, openChange, type ClusterIdentity } from './clusterChange.ts';

/** Open runs that were started in another cluster than this: an empty list means that this is the right one. */
export async function runsElsewhere(
  em: Sql,
  seen: ClusterIdentity,
): Promise<{ known: ClusterIdentity; count: number } | null> {
  const [row] = await rows<{ cluster_id: string; namespace_id: string; count: number }>(em)`
    select cluster_id, namespace_id, (sum(count(*)) over ())::integer as count from runs
    where state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')
      and cluster_id is not null and (cluster_id, namespace_id) <> (${seen.clusterId}, ${seen.namespaceId})
    group by cluster_id, namespace_id order by count(*) desc limit 1`;
  return row ? { known: { clusterId: row.cluster_id, namespaceId: row.namespace_id }, count: row.count } : null;
}

/**
 * Compares the cluster that answers with the one that the open runs were started in. Another one is a wrong address or a lost
 * cluster: nobody can tell which, so it is written down and a person is asked. When the right one answers again, or no run is
 * open there any more, the question is taken back.
 *
 * @returns whether the cluster that answers is the right one
 */
export async function compareCluster(em: Sql, seen: ClusterIdentity): Promise<boolean> {
  const elsewhere = await runsElsewhere(em, seen);
  if (!elsewhere) {
    const change = await openChange(em);
    // Another worker may still look at the wrong one; only its silence proves that the question is settled.
    if (change?.isStale) await em.transactional((tx) => takeBack(tx));
    return true;
  }
  await em.transactional((tx) => noteOther(tx, seen));
  return false;
}

async function noteOther(em: Sql, seen: ClusterIdentity): Promise<void> {
  await lockClusterChanges(em);
  const elsewhere = await runsElsewhere(em, seen);
  if (!elsewhere) return; // decided meanwhile
  const { known, count } = elsewhere;
  const change = await openChange(em);
  if (change && isSameCluster(change.seen, seen)) {
    await rows(em)`
      update cluster_changes set last_seen_at = now(), affected_runs = ${count} where id = ${change.id}`;
    return;
  }
  if (change) await end(em, change.id);
  await rows(em)`
    insert into cluster_changes (id, known_cluster_id, known_namespace_id, seen_cluster_id, seen_namespace_id, affected_runs)
    values (${newId()}, ${known.clusterId}, ${known.namespaceId}, ${seen.clusterId}, ${seen.namespaceId}, ${count})`;
  const text =
    'Another Temporal cluster or namespace answers than the one in which open runs were started. ' +
    'Nothing is started, undone or removed there until somebody decides.';
  await openTask(em, {
    kind: 'cluster_lost',
    runId: null,
    tenantId: null,
    title: 'Another Temporal cluster answers',
    reason: { code: 'cluster_lost', text },
    left: [
      {
        title: `${count} open ${count === 1 ? 'run' : 'runs'}`,
        where: `Temporal cluster ${known.clusterId}, namespace ${known.namespaceId}`,
        why: `Cluster ${seen.clusterId}, namespace ${seen.namespaceId} answers instead.`,
      },
    ],
  });
  await appendEvent(
    em,
    { stream: 'platform:cluster', type: 'platform.cluster_lost', tenantId: null, data: { known, seen, runs: count } },
    theSystem,
  );
}

async function takeBack(em: Sql): Promise<void> {
  await lockClusterChanges(em);
  const change = await openChange(em);
  if (!change?.isStale) return;
  await end(em, change.id);
  await closeTasks(em, { platform: true, kinds: ['cluster_lost'] }, theSystem);
  await appendEvent(
    em,
    { stream: 'platform:cluster', type: 'platform.cluster_returned', tenantId: null, data: { known: change.known } },
    theSystem,
  );
}

const end = (em: Sql, changeId: string): Promise<unknown> =>
  rows(em)`update cluster_changes set state = 'gone', decided_at = now() where id = ${changeId}`;
