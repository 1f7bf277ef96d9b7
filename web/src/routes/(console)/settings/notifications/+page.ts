import type { NotificationTarget } from '#contracts/tasks.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => ({
  targets: (await read<{ items: NotificationTarget[] }>(event, '/api/v1/notification-targets')).items,
});
