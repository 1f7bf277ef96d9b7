import type { Sql } from '#domain/database.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { rows } from '#domain/sql.ts';
import { closeTasks } from '#domain/tasks/closeTasks.ts';
import { openTask } from '#domain/tasks/openTask.ts';

/** Restarts and moves of a worker explain a few failures; this many only a defect or a version that does not fit. */
const mostFailures = 10;

/** A workflow whose tasks keep failing does not fail: it stands still, silently. A person is asked until it goes on. */
export async function noteStuck(
  em: Sql,
  run: { id: string; tenant_id: string | null },
  failedTasks: number,
): Promise<void> {
  if (failedTasks >= mostFailures) {
    const text = `Its workflow task failed more than ${mostFailures} times: a defect, or a worker of another version. The log of the worker tells more.`;
    await em.transactional((tx) =>
      openTask(tx, {
        kind: 'workflow_stuck',
        runId: run.id,
        tenantId: run.tenant_id,
        title: 'A workflow stands still',
        reason: { code: 'workflow_task_failed', text },
      }),
    );
    return;
  }
  const stuck = await rows(em)`
    select 1 from tasks where run_id = ${run.id} and kind = 'workflow_stuck' and state = 'open'`;
  if (stuck.length === 0) return;
  await em.transactional((tx) => closeTasks(tx, { runId: run.id, kinds: ['workflow_stuck'] }, theSystem));
}
