import type { TaskKind } from '#contracts/tasks.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';

/** Closes the open tasks of a run, a tenant, one thing or (by `kinds` alone) the platform, because their reason is gone. */
export async function closeTasks(
  em: Sql,
  which: ({ runId: string } | { tenantId: string } | { subjectId: string } | { platform: true }) & {
    kinds?: readonly TaskKind[];
  },
  actor: Actor,
): Promise<void> {
  const of = { runId: null, tenantId: null, subjectId: null, platform: false, kinds: null, ...which };
  const closed = await rows<{ id: string; kind: TaskKind; tenant_id: string | null }>(em)`
    update tasks set state = 'done', closed_at = now(), updated_at = now()
    where state = 'open'
      and (run_id = ${of.runId}::uuid or tenant_id = ${of.tenantId}::uuid or about = ${of.subjectId}::text
           or (${of.platform}::boolean and about = 'platform'))
      and (${of.kinds}::text[] is null or kind = any(${of.kinds}::text[]))
    returning id, kind, tenant_id`;
  for (const task of closed) await appendClosed(em, task, actor);
}

export async function appendClosed(
  em: Sql,
  task: { id: string; kind: TaskKind; tenant_id: string | null },
  actor: Actor,
): Promise<void> {
  await appendEvent(
    em,
    { stream: `task:${task.id}`, type: 'task.closed', tenantId: task.tenant_id, data: { kind: task.kind } },
    actor,
  );
}
