import type { Client } from '@temporalio/client';
import type { ClusterIdentity } from '#domain/cluster/clusterChange.ts';

const asked = new WeakMap<Client, { at: number; answer: Promise<ClusterIdentity> }>();
const freshMs = 1_000;
const patienceMs = 3_000;
const unimplemented = 12;

/**
 * Which cluster and namespace answer. Asked again after a second: a server that was replaced under the same address needs longer
 * than that to come up, and answers differently.
 */
export function clusterOf(client: Client): Promise<ClusterIdentity> {
  const known = asked.get(client);
  if (known && Date.now() - known.at < freshMs) return known.answer;
  const answer = askCluster(client);
  asked.set(client, { at: Date.now(), answer });
  answer.catch(() => asked.delete(client));
  return answer;
}

async function askCluster(client: Client): Promise<ClusterIdentity> {
  const { namespace } = client.options;
  return client.withDeadline(Date.now() + patienceMs, async () => {
    const { clusterId } = await client.workflowService.getClusterInfo({}).catch(unlessNameless);
    const { namespaceInfo } = await client.workflowService.describeNamespace({ namespace });
    return { clusterId, namespaceId: namespaceInfo?.id ?? '' };
  });
}

/** The test server, whose time is moved, has no id for itself: there the namespace's tells as much. */
function unlessNameless(error: { code?: number }): { clusterId: string } {
  if (error.code === unimplemented) return { clusterId: '' };
  throw error;
}
