import { ClusterConfirmation, ClusterConfirmed } from '#contracts/platform.ts';
import { confirmCluster as confirm } from '#domain/cluster/confirmCluster.ts';
import { defineRoute } from '../../route.ts';

export const confirmCluster = defineRoute({
  method: 'post',
  path: '/api/v1/platform/cluster/confirm',
  summary: 'Go on in the Temporal cluster that answers now',
  permission: 'platform:recover',
  body: ClusterConfirmation,
  success: { status: 200, body: ClusterConfirmed },
  errors: ['cluster_changed'],
  handle: ({ body, actor }, { em, platform: { announcer } }) => confirm(em, announcer, body, actor),
});
