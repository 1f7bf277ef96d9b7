import { v7 as newId } from 'uuid';
import type { LeftThing, TaskKind } from '#contracts/tasks.ts';
import type { Reason } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { appendEvent, theSystem, type Actor } from '../events/appendEvent.ts';
import { queueNotifications } from '../notifications/queueNotifications.ts';
import { json, rows } from '../sql.ts';

export interface NewTask {
  kind: TaskKind;
  runId: string | null;
  tenantId: string | null;
  /** Where it is about one thing of another kind: an approval, a support access. */
  subjectId?: string;
  /** Goes out by mail and webhook: no names of people or customers. */
  title: string;
  reason: Reason;
  left?: LeftThing[];
}

/**
 * Asks for a person, in the transaction of what makes one necessary; those who want to know are told after it. A task of this kind
 * that is open on the same thing already is brought up to date instead, and keeps its age and its assignee.
 */
export async function openTask(em: Sql, task: NewTask, actor: Actor = theSystem): Promise<string> {
  const left = task.left ?? [];
  const [written] = await rows<{ id: string; is_new: boolean; is_changed: boolean }>(em)`
    with before as (
      select reason, what_is_left, title from tasks where kind = ${task.kind} and about = ${aboutOf(task)} and state = 'open')
    insert into tasks as task (id, kind, about, run_id, tenant_id, title, reason_code, reason, what_is_left)
    values (${newId()}, ${task.kind}, ${aboutOf(task)}, ${task.runId}, ${task.tenantId}, ${task.title},
            ${task.reason.code}, ${task.reason.text}, ${json(left)}::jsonb)
    on conflict (kind, about) where state = 'open' do update set
      run_id = excluded.run_id, tenant_id = excluded.tenant_id, title = excluded.title, reason_code = excluded.reason_code,
      reason = excluded.reason, what_is_left = excluded.what_is_left, updated_at = now()
    returning id, xmax = 0 as is_new, not exists (
      select 1 from before where before.reason = task.reason and before.what_is_left = task.what_is_left
        and before.title = task.title) as is_changed`;
  if (!written) throw new Error(`no ${task.kind} task could be written`);
  const { id, is_new: isNew, is_changed: isChanged } = written;
  if (!isNew && !isChanged) return id;
  await appendEvent(
    em,
    {
      stream: `task:${id}`,
      type: isNew ? 'task.opened' : 'task.updated',
      tenantId: task.tenantId,
      data: { kind: task.kind, runId: task.runId, title: task.title, code: task.reason.code, left },
    },
    actor,
  );
  if (isNew) await queueNotifications(em, { taskId: id, kind: task.kind });
  return id;
}

/** What a task is about, of which one may be open: a run, a tenant, something that it names, or the platform. */
function aboutOf({ kind, runId, tenantId, subjectId }: NewTask): string {
  if (subjectId !== undefined) return subjectId;
  const aboutRun = kind === 'parked' || kind === 'workflow_stuck' || kind === 'delivery_refused';
  return (aboutRun ? runId : kind === 'attention' ? (tenantId ?? runId) : tenantId) ?? 'platform';
}
