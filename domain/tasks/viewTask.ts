import type { LeftThing, Task, TaskKind, TaskState } from '#contracts/tasks.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

interface TaskRow {
  id: string;
  kind: TaskKind;
  about: string;
  state: TaskState;
  title: string;
  reason_code: string;
  reason: string;
  what_is_left: LeftThing[];
  run_id: string | null;
  tenant_id: string | null;
  tenant_name: string | null;
  tenant_slug: string | null;
  tenant_plan: string | null;
  assignee_id: string | null;
  assignee_email: string | null;
  opened_at: Date | string;
  closed_at: Date | string | null;
  closed_by_email: string | null;
  note: string | null;
}

/** Tasks in the order given. */
export async function viewTasks(em: Sql, ids: string[]): Promise<Task[]> {
  const found = await rows<TaskRow>(em)`
    select task.*, t.name as tenant_name, a.slug as tenant_slug, t.plan as tenant_plan, assignee.email as assignee_email, closer.email as closed_by_email
    from tasks task
    left join tenants t on t.id = task.tenant_id
    left join lateral (
      select slug from tenant_addresses where tenant_id = t.id order by (state = 'current') desc, created_at desc limit 1
    ) a on true
    left join users assignee on assignee.id = task.assignee_id and assignee.tenant_id is null
    left join users closer on closer.id = task.closed_by and closer.tenant_id is null
    where task.id = any(${ids}::uuid[])`;
  const byId = new Map(found.map((row) => [row.id, viewTask(row)]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

/** Null when there is no such task. */
export const findTaskView = async (em: Sql, taskId: string): Promise<Task | null> =>
  (await viewTasks(em, [taskId]))[0] ?? null;

/** Their end is a fact (nothing is left, the cluster was decided upon), not an opinion. */
const closedByThemselves: readonly TaskKind[] = ['attention', 'cluster_lost', 'approval', 'sign_up'];

/** Those that name what they are about, which has a page of its own. */
const kindsWithSubject: readonly TaskKind[] = ['approval', 'support_access', 'sign_up'];

export const mayBeClosed = ({ kind, state }: { kind: TaskKind; state: TaskState }): boolean =>
  state === 'open' && !closedByThemselves.includes(kind);

const viewTask = (row: TaskRow): Task => ({
  id: row.id,
  kind: row.kind,
  state: row.state,
  title: row.title,
  reasonCode: row.reason_code,
  reason: row.reason,
  left: row.what_is_left,
  runId: row.run_id,
  tenantId: row.tenant_id,
  subjectId: kindsWithSubject.includes(row.kind) ? row.about : null,
  tenant:
    row.tenant_name === null || row.tenant_plan === null
      ? null
      : { name: row.tenant_name, slug: row.tenant_slug, plan: row.tenant_plan },
  assignee: row.assignee_id && row.assignee_email ? { id: row.assignee_id, email: row.assignee_email } : null,
  openedAt: new Date(row.opened_at).toISOString(),
  closedAt: row.closed_at && new Date(row.closed_at).toISOString(),
  closedBy: row.closed_by_email,
  note: row.note,
  may: { close: mayBeClosed(row) },
});
