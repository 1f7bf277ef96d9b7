import { removeTarget } from '#domain/notifications/targets.ts';
import { defineRoute, TargetParams } from '../../route.ts';

export const deleteNotificationTarget = defineRoute({
  method: 'delete',
  path: '/api/v1/notification-targets/{targetId}',
  summary: 'Tell somebody nothing any more',
  permission: 'notifications:manage',
  params: TargetParams,
  success: { status: 204 },
  errors: ['not_found'],
  handle: ({ params, actor }, { em }) => em.transactional((tx) => removeTarget(tx, params.targetId, actor)),
});
