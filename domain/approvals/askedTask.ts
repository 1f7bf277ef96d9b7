import { dangerousActs, type DangerousAct } from '#contracts/approvals/acts.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { closeTasks } from '../tasks/closeTasks.ts';
import { openTask } from '../tasks/openTask.ts';

/** Tells those who want to know that somebody waits for an approval; closed by itself once nobody needs to decide. */
export const openAskedTask = (
  em: Sql,
  { id, act, tenantId, required }: { id: string; act: DangerousAct; tenantId: string | null; required: number },
  actor: Actor,
): Promise<string> =>
  openTask(
    em,
    {
      kind: 'approval',
      runId: null,
      tenantId,
      subjectId: id,
      title: `An approval is asked for: ${dangerousActs[act].title.toLowerCase()}`,
      reason: {
        code: 'approval_required',
        text: `${required === 1 ? 'One person' : `${required} people`} must approve before it can be done.`,
      },
    },
    actor,
  );

export const closeAskedTask = (em: Sql, approvalId: string, actor: Actor): Promise<void> =>
  closeTasks(em, { subjectId: approvalId }, actor);
