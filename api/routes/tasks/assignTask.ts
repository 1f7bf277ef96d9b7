import { Task, TaskAssignment } from '#contracts/tasks.ts';
import { assignTask as assign } from '#domain/tasks/changeTask.ts';
import { defineRoute, TaskParams } from '../../route.ts';

export const assignTask = defineRoute({
  method: 'post',
  path: '/api/v1/tasks/{taskId}/assign',
  summary: 'Give a task to a person, to oneself or to nobody',
  permission: 'tasks:update',
  scope: 'task',
  params: TaskParams,
  body: TaskAssignment,
  success: { status: 200, body: Task },
  errors: ['not_found', 'task_closed'],
  handle: ({ params, body, actor }, { em }) =>
    em.transactional((tx) => assign(tx, params.taskId, body.assignee === 'me' ? actor.userId : body.assignee, actor)),
});
