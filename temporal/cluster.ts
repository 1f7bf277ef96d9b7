import type { Client } from '@temporalio/client';

/** Which Temporal cluster and namespace a run lives in: a wrong address or a lost cluster is told from a finished run by it. */
export interface ClusterIdentity {
  clusterId: string;
  namespaceId: string;
}

const known = new WeakMap<Client, Promise<ClusterIdentity>>();

/** Asked once per client; asked again after a failure. */
export function clusterOf(client: Client): Promise<ClusterIdentity> {
  const asked = known.get(client);
  if (asked) return asked;
  const asking = askCluster(client);
  known.set(client, asking);
  asking.catch(() => known.delete(client));
  return asking;
}

/** Asked anew: a server that was replaced under the same address answers differently. */
export async function askCluster(client: Client): Promise<ClusterIdentity> {
  const { clusterId } = await client.workflowService.getClusterInfo({});
  const { namespaceInfo } = await client.workflowService.describeNamespace({ namespace: client.options.namespace });
  return { clusterId, namespaceId: namespaceInfo?.id ?? '' };
}
