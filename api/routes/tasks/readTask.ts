import { DomainError } from '#contracts/errors.ts';
import { Task } from '#contracts/tasks.ts';
import { findTaskView } from '#domain/tasks/viewTask.ts';
import { defineRoute, TaskParams } from '../../route.ts';

export const readTask = defineRoute({
  method: 'get',
  path: '/api/v1/tasks/{taskId}',
  summary: 'Read a task: what is left, where and why',
  permission: 'tasks:read',
  scope: 'task',
  params: TaskParams,
  success: { status: 200, body: Task },
  errors: ['not_found'],
  async handle({ params }, { em }) {
    const task = await findTaskView(em, params.taskId);
    if (!task) throw new DomainError('not_found', 'There is no such task.');
    return task;
  },
});
