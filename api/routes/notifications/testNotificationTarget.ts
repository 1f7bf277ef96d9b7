import { NotificationTarget } from '#contracts/tasks.ts';
import { queueTest } from '#domain/notifications/targets.ts';
import { defineRoute, TargetParams } from '../../route.ts';

export const testNotificationTarget = defineRoute({
  method: 'post',
  path: '/api/v1/notification-targets/{targetId}/test',
  summary: 'Send a test; a worker sends it, and the target then shows what became of it',
  permission: 'notifications:manage',
  params: TargetParams,
  success: { status: 202, body: NotificationTarget },
  errors: ['not_found'],
  handle: ({ params }, { em, platform }) =>
    em.transactional((tx) => queueTest(tx, platform.installation.keyring, params.targetId)),
});
