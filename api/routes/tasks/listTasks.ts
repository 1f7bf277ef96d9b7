import { TaskPage, TaskQuery } from '#contracts/tasks.ts';
import { listTasks as findPage } from '#domain/tasks/listTasks.ts';
import { defineRoute } from '../../route.ts';

export const listTasks = defineRoute({
  method: 'get',
  path: '/api/v1/tasks',
  summary: 'List what people are asked for, newest first',
  permission: 'tasks:read',
  scope: 'reach',
  query: TaskQuery,
  success: { status: 200, body: TaskPage },
  errors: [],
  handle: ({ query, reach }, { em }) => findPage(em, query, reach),
});
