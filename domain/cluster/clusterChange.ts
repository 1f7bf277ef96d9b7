import type { ClusterState } from '#contracts/platform.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/** A Temporal cluster and a namespace in it, as the server tells them. */
export interface ClusterIdentity {
  clusterId: string;
  namespaceId: string;
}

export interface ClusterChange {
  id: string;
  known: ClusterIdentity;
  seen: ClusterIdentity;
  affectedRuns: number;
  firstSeenAt: string;
  /** Nobody has seen the other cluster for so long that whoever did is gone, or right again. */
  isStale: boolean;
}

/** Longer than every worker needs to look again. */
const staleSeconds = 10;

/** The change that waits for a decision; null when the cluster is the one that is known. */
export async function openChange(em: Sql): Promise<ClusterChange | null> {
  const [row] = await rows<{
    id: string;
    known_cluster_id: string;
    known_namespace_id: string;
    seen_cluster_id: string;
    seen_namespace_id: string;
    affected_runs: number;
    first_seen_at: string;
    is_stale: boolean;
  }>(em)`
    select *, last_seen_at < now() - make_interval(secs => ${staleSeconds}::int) as is_stale
    from cluster_changes where state = 'open'`;
  return row
    ? {
        id: row.id,
        known: { clusterId: row.known_cluster_id, namespaceId: row.known_namespace_id },
        seen: { clusterId: row.seen_cluster_id, namespaceId: row.seen_namespace_id },
        affectedRuns: row.affected_runs,
        firstSeenAt: new Date(row.first_seen_at).toISOString(),
        isStale: row.is_stale,
      }
    : null;
}

export const isSameCluster = (one: ClusterIdentity, other: ClusterIdentity): boolean =>
  one.clusterId === other.clusterId && one.namespaceId === other.namespaceId;

/** Changes are noticed, taken back and decided one after the other. */
export const lockClusterChanges = (em: Sql): Promise<unknown> =>
  rows(em)`select pg_advisory_xact_lock(hashtext('tenantry cluster changes'))`;

export async function viewCluster(em: Sql): Promise<ClusterState> {
  const change = await openChange(em);
  if (!change) return { state: 'same' };
  const { known, seen, firstSeenAt, affectedRuns } = change;
  return { state: 'other', known, seen, firstSeenAt, affectedRuns };
}
