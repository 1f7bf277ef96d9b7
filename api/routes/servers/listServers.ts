import { ReplicationState } from '#contracts/recovery/replication.ts';
import { listServers as list } from '#domain/replication/serverRows.ts';
import { defineRoute } from '../../route.ts';

export const listServers = defineRoute({
  method: 'get',
  path: '/api/v1/platform/servers',
  summary: 'List the database servers, who follows whom, and how far behind',
  permission: 'platform:recover',
  success: { status: 200, body: ReplicationState },
  errors: [],
  async handle(_input, { em, platform }) {
    const { file, maxLagBytes, maxLagSeconds } = platform.configuration.servers;
    return { configured: file !== null, maxLagBytes, maxLagSeconds, items: await list(em) };
  },
});
