import { PlatformState } from '#contracts/platform.ts';
import { countToDecide } from '#domain/approvals/viewApprovals.ts';
import { viewCluster } from '#domain/cluster/clusterChange.ts';
import { viewProvisioning } from '#domain/provisioningSwitch.ts';
import { countOpenTasks } from '#domain/tasks/listTasks.ts';
import { defineRoute } from '../../route.ts';

export const readPlatform = defineRoute({
  method: 'get',
  path: '/api/v1/platform',
  summary: 'Read what concerns everybody: the Temporal cluster, what holds provisioning, open tasks',
  permission: 'signed-in',
  people: false,
  success: { status: 200, body: PlatformState },
  errors: [],
  async handle({ principal }, { em, access }) {
    const grants = await access.current();
    const mayDecide = principal !== null && grants.mayAnywhere(principal, 'approvals:decide');
    const mayReadTasks = principal !== null && grants.mayAnywhere(principal, 'tasks:read');
    return {
      cluster: await viewCluster(em),
      provisioning: await viewProvisioning(em),
      openTasks: mayReadTasks ? await countOpenTasks(em, grants.reach(principal, 'tasks:read')) : null,
      approvalsToDecide: mayDecide
        ? await countToDecide(em, { userId: principal.userId, decides: grants.reach(principal, 'approvals:decide') })
        : null,
    };
  },
});
