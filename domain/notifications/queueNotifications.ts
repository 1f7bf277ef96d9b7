import type { NoticeKind, TaskKind } from '#contracts/tasks.ts';
import type { Sql } from '../database.ts';
import { json, rows } from '../sql.ts';

/** Puts one notification for everybody who wants this kind into the outbox, in the transaction that opens the task. */
export async function queueNotifications(em: Sql, task: { taskId: string; kind: TaskKind }): Promise<void> {
  await rows(em)`
    insert into notifications (target_id, task_id)
    select id, ${task.taskId} from notification_targets where enabled and ${task.kind} = any(kinds)`;
}

/** What is no task, but somebody wants to hear of: ids, times and codes, no names of people or customers. */
export interface Notice {
  kind: NoticeKind;
  tenantId: string;
  licenseId: string;
  product: string;
  endsAt: string;
  [more: string]: string | number | null;
}

/** Puts notices for everybody who wants their kind into the outbox, in the transaction of what they tell of. */
export async function queueNotices(em: Sql, notices: readonly Notice[]): Promise<void> {
  if (notices.length === 0) return;
  await rows(em)`
    insert into notifications (target_id, notice)
    select t.id, n.notice from notification_targets t, jsonb_array_elements(${json(notices)}::jsonb) as n (notice)
    where t.enabled and n.notice ->> 'kind' = any(t.kinds)`;
}
