import type { TaskPage } from '#contracts/tasks.ts';
import { query, read } from '#lib/api/requests.ts';
import { taskKindWords } from '#lib/display/words.ts';
import type { PageLoad } from './$types';

/** Open tasks, unless those that are done are asked for. */
export const load: PageLoad = async (event) => {
  const asked = event.url.searchParams;
  const kind = asked.get('kind') ?? '';
  const filter = { state: asked.get('state') === 'done' ? 'done' : 'open', kind: kind in taskKindWords ? kind : '' };
  const tasks = await read<TaskPage>(event, `/api/v1/tasks${query({ ...filter, cursor: asked.get('cursor') })}`);
  return { filter, tasks };
};
