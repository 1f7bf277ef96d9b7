import { Task, TaskClosing } from '#contracts/tasks.ts';
import { closeTask as close } from '#domain/tasks/changeTask.ts';
import { defineRoute, TaskParams } from '../../route.ts';

export const closeTask = defineRoute({
  method: 'post',
  path: '/api/v1/tasks/{taskId}/close',
  summary: 'Close a task with a note of what was done',
  permission: 'tasks:update',
  scope: 'task',
  params: TaskParams,
  body: TaskClosing,
  success: { status: 200, body: Task },
  errors: ['not_found', 'task_closed', 'task_closes_itself'],
  handle: ({ params, body, actor }, { em }) => em.transactional((tx) => close(tx, params.taskId, body.note, actor)),
});
