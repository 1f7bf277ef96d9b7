import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { WorkflowKind } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { theSystem } from '../events/appendEvent.ts';
import type { Announcer } from '../events/announcer.ts';
import { rows } from '../sql.ts';
import { openTask } from '../tasks/openTask.ts';
import { reopenRemoval } from '../tenants/openRemoval.ts';
import { needAttention } from './closeRun.ts';
import { openFinish } from './finishRollback.ts';
import { lockRun, moveRun, type LockedRun } from './ledger.ts';

/** They leave nothing half-made and change nothing of a tenant's life: whoever wanted them asks again. */
const askedForAgain: ReadonlySet<WorkflowKind> = new Set<WorkflowKind>([
  'checkDrift',
  'repairResource',
  'sweepOrphans',
  'applyRetention',
  'removeOrphan',
]);

/**
 * Closes a run whose workflow ended without writing so (terminated by hand, timed out, deleted), and opens the run that
 * completes it: the undo of a provisioning, the rest of a removal. A delivery has nothing to undo; a person is asked for.
 * The others ask for one only if what completes them has to leave something too.
 *
 * @param how completes “Its workflow was …”
 * @returns the id of the run to start, or null
 */
export async function abandonRun(em: Sql, announcer: Announcer, runId: string, how: string): Promise<string | null> {
  const { followUp, version } = await em.transactional(async (tx) => {
    const run = await lockRun(tx, runId);
    if (runIsOver(run.state)) return { followUp: null, version: null };
    const text = `Its workflow was ${how}; what it had begun is completed from the ledger.`;
    const reason = { code: 'workflow_ended', text };
    if (askedForAgain.has(run.kind)) await moveRun(tx, run, 'needs_attention', reason);
    else await needAttention(tx, run, reason);
    const followUp = await openFollowUp(tx, run);
    if (followUp === null && run.kind === 'deliverInvitation') {
      const title = 'A message may not have been sent';
      await openTask(tx, { kind: 'delivery_refused', runId, tenantId: run.tenantId, title, reason });
    }
    const [row] = await rows<{ version: number }>(tx)`
      update runs set version = version + 1 where id = ${runId} returning version`;
    return { followUp, version: row?.version ?? null };
  });
  if (version !== null) announcer.announce('run', runId, version);
  return followUp;
}

async function openFollowUp(em: Sql, run: LockedRun): Promise<string | null> {
  if (!run.tenantId) return null;
  switch (run.kind) {
    case 'provisionTenant':
      return (await openFinish(em, run.id, theSystem)).runId;
    case 'finishRollback': {
      const [left] = await rows<{ id: string }>(em)`select parent_run_id as id from runs where id = ${run.id}`;
      if (!left?.id) throw new DomainError('run_not_finishable', 'This run finishes no other.');
      return (await openFinish(em, left.id, theSystem)).runId;
    }
    case 'deprovisionTenant':
      return (await reopenRemoval(em, run.tenantId, run.id)).runId;
    case 'deliverInvitation':
    case 'checkDrift':
    case 'repairResource':
    case 'sweepOrphans':
    case 'applyRetention':
    case 'removeOrphan':
    case 'deliverStep':
      return null;
  }
}
