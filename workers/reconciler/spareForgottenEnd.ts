import { runIsOver } from '#contracts/runStates.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { settleOrphansTask } from '#domain/orphans/orphanFindings.ts';
import { findLock, lockSweep } from '#domain/orphans/sweepLock.ts';
import { lockRun } from '#domain/runs/ledger.ts';
import { rows } from '#domain/sql.ts';
import type { Reconciled } from './reconciled.ts';

/**
 * A workflow completes only after the ledger has taken its end. One that completed while its run is open was forgotten by a registry that was
 * restored: undoing it would destroy a tenant that lives. Then nothing is undone, removals are locked, and a person is asked.
 *
 * @returns whether the run must be left alone
 */
export async function spareForgottenEnd(
  { platform, logger }: Pick<Reconciled, 'platform' | 'logger'>,
  run: { id: string; tenant_id: string | null },
  hasCompleted: boolean,
): Promise<boolean> {
  const em = platform.registry.em.fork();
  if (!hasCompleted) return (await findLock(em)) !== null;
  await em.transactional(async (tx) => {
    // It may have ended between the reading of the row and the question to Temporal, which a slow wire makes long.
    if (runIsOver((await lockRun(tx, run.id)).state)) return;
    logger.error(
      { runId: run.id },
      'a workflow completed and the registry does not know: was it restored? Nothing is undone',
    );
    const [isNew] = await rows(tx)`
      select 1 from installations, runs
      where runs.id = ${run.id} and (sweep_reconciled_at is null or runs.created_at > sweep_reconciled_at)`;
    if (!isNew) return;
    const text = 'The registry was restored to an earlier state: a workflow that has completed is under way in it.';
    await lockSweep(tx, text, theSystem);
    await settleOrphansTask(tx, run.id, theSystem);
  });
  return true;
}
