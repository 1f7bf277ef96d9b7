import { DomainError } from '#contracts/errors.ts';
import type { Task, TaskKind, TaskState } from '#contracts/tasks.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { appendClosed } from './closeTasks.ts';
import { findTaskView, mayBeClosed } from './viewTask.ts';

/** Gives an open task to a person, or to nobody. Refuses with `not_found`, `task_closed`, `invalid_request`. */
export async function assignTask(em: Sql, taskId: string, assigneeId: string | null, actor: Actor): Promise<Task> {
  const task = await lockTask(em, taskId);
  if (task.state === 'done') throw new DomainError('task_closed', 'The task is done; nobody needs to take it.');
  if (assigneeId !== null) {
    const found = await rows(
      em,
    )`select 1 from users where id = ${assigneeId} and tenant_id is null and disabled_at is null`;
    if (found.length === 0)
      throw new DomainError('invalid_request', 'There is no such person.', {
        fields: [{ path: 'assignee', message: 'is nobody who can sign in' }],
      });
  }
  if (task.assignee_id !== assigneeId) {
    await rows(em)`update tasks set assignee_id = ${assigneeId}, updated_at = now() where id = ${taskId}`;
    await appendEvent(
      em,
      { stream: `task:${taskId}`, type: 'task.assigned', tenantId: task.tenant_id, data: { assigneeId } },
      actor,
    );
  }
  return view(em, taskId);
}

/** Closes a task because a person says so. Refuses with `not_found`, `task_closed`, `task_closes_itself`. */
export async function closeTask(em: Sql, taskId: string, note: string, actor: Actor): Promise<Task> {
  const task = await lockTask(em, taskId);
  if (task.state === 'done') throw new DomainError('task_closed', 'The task is done already.');
  if (!mayBeClosed(task))
    throw new DomainError('task_closes_itself', 'This task closes by itself, once its reason is gone.');
  await rows(em)`
    update tasks set state = 'done', closed_at = now(), closed_by = ${actor.userId}, note = ${note}, updated_at = now()
    where id = ${taskId}`;
  await appendClosed(em, task, actor);
  return view(em, taskId);
}

interface LockedTask {
  id: string;
  kind: TaskKind;
  state: TaskState;
  tenant_id: string | null;
  assignee_id: string | null;
}

async function lockTask(em: Sql, taskId: string): Promise<LockedTask> {
  const [task] = await rows<LockedTask>(em)`
    select id, kind, state, tenant_id, assignee_id from tasks where id = ${taskId} for update`;
  if (!task) throw new DomainError('not_found', 'There is no such task.');
  return task;
}

async function view(em: Sql, taskId: string): Promise<Task> {
  const task = await findTaskView(em, taskId);
  if (!task) throw new DomainError('not_found', 'There is no such task.');
  return task;
}
