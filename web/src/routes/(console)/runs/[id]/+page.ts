import type { Run } from '#contracts/runs.ts';
import type { TaskPage } from '#contracts/tasks.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const run = read<Run>(event, `/api/v1/runs/${encodeURIComponent(event.params.id)}`);
  run.catch(() => undefined); // Told where it is awaited.
  const { session } = await event.untrack(() => event.parent());
  const tasks = session.permissions.includes('tasks:read')
    ? await read<TaskPage>(event, `/api/v1/tasks${query({ runId: event.params.id, state: 'open' })}`)
    : null;
  return { run: await run, tasks: tasks?.items ?? [] };
};
