import { NotificationTargetList } from '#contracts/tasks.ts';
import { listTargets } from '#domain/notifications/targets.ts';
import { defineRoute } from '../../route.ts';

export const listNotificationTargets = defineRoute({
  method: 'get',
  path: '/api/v1/notification-targets',
  summary: 'List who is told when a person is needed, and what did not arrive',
  permission: 'notifications:manage',
  success: { status: 200, body: NotificationTargetList },
  errors: [],
  handle: async (_input, { em, platform }) => ({ items: await listTargets(em, platform.installation.keyring) }),
});
