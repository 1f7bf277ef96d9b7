import { NewNotificationTarget, NotificationTargetCreated } from '#contracts/tasks.ts';
import { addTarget } from '#domain/notifications/targets.ts';
import { defineRoute } from '../../route.ts';

export const createNotificationTarget = defineRoute({
  method: 'post',
  path: '/api/v1/notification-targets',
  summary: 'Tell somebody by mail or webhook when a person is needed; a webhook gets its secret this once',
  permission: 'notifications:manage',
  body: NewNotificationTarget,
  success: { status: 201, body: NotificationTargetCreated },
  errors: [],
  handle: ({ body, actor }, { em, platform }) =>
    em.transactional((tx) => addTarget(tx, platform.installation.keyring, body, actor)),
});
