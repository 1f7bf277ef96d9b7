import type { TaskKind } from '#contracts/tasks.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/** Puts one notification for everybody who wants this kind into the outbox, in the transaction that opens the task. */
export async function queueNotifications(em: Sql, task: { taskId: string; kind: TaskKind }): Promise<void> {
  await rows(em)`
    insert into notifications (target_id, task_id)
    select id, ${task.taskId} from notification_targets where enabled and ${task.kind} = any(kinds)`;
}
