import { NotificationTarget, NotificationTargetChange } from '#contracts/tasks.ts';
import { changeTarget } from '#domain/notifications/targets.ts';
import { defineRoute, TargetParams } from '../../route.ts';

export const updateNotificationTarget = defineRoute({
  method: 'patch',
  path: '/api/v1/notification-targets/{targetId}',
  summary: 'Change of which kinds somebody is told, or tell them nothing for a while',
  permission: 'notifications:manage',
  params: TargetParams,
  body: NotificationTargetChange,
  success: { status: 200, body: NotificationTarget },
  errors: ['not_found'],
  handle: ({ params, body, actor }, { em, platform }) =>
    em.transactional((tx) => changeTarget(tx, platform.installation.keyring, params.targetId, body, actor)),
});
