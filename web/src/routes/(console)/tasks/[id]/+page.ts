import type { Task } from '#contracts/tasks.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => ({
  task: await read<Task>(event, `/api/v1/tasks/${encodeURIComponent(event.params.id)}`),
});
