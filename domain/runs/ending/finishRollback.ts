import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { RunRef, WorkflowKind } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import { theSystem, type Actor } from '../../events/appendEvent.ts';
import { openOffboardingOf } from '../../offboarding/offboardingRow.ts';
import { hasBegunErasing } from '../../offboarding/takeBack.ts';
import { rows } from '../../sql.ts';
import { closeTasks } from '../../tasks/closeTasks.ts';
import { leftOfRemoval } from '../../tasks/whatIsLeft.ts';
import { finishFixedSteps, leaveBehind, unfinishedSteps } from './closeRun.ts';
import { lockRun, moveRun, type Ledger, type LockedRun } from '../ledger.ts';
import { addSteps, openRun } from '../openRun.ts';
import { isFinishable, takeBackOfTenant } from './takeBack.ts';
import { undoOf } from './undoSteps.ts';

export interface OpenedFinish {
  runId: string;
  tenantId: string;
}

/**
 * Opens the run that completes a rollback which had to leave something, from the ledger alone: Temporal may have forgotten
 * the first run, or never known it. Call inside a transaction.
 * Refuses with `not_found`, `run_not_finishable`, `run_in_progress`.
 */
export async function openFinish(em: Sql, leftRunId: string, actor: Actor): Promise<OpenedFinish> {
  const left = await lockFinishable(em, leftRunId);
  await refuseWhereNothingComesBack(em, left.kind, left.id, left.tenantId);
  return writeFinish(em, left, actor);
}

/** For a run whose workflow was lost, whatever else goes on at its tenant: what it had begun is not left half-made. */
export async function openFinishOfLost(em: Sql, lostRunId: string): Promise<OpenedFinish> {
  return writeFinish(em, await lockFinishable(em, lostRunId), theSystem);
}

type FinishableRun = LockedRun & { tenantId: string };

async function lockFinishable(em: Sql, leftRunId: string): Promise<FinishableRun> {
  const left = await lockRun(em, leftRunId);
  if (!isFinishable(left.kind) || left.state !== 'needs_attention' || !left.tenantId)
    throw new DomainError('run_not_finishable', 'Only a run whose rollback left something can be finished.');
  return { ...left, tenantId: left.tenantId };
}

/** What was erased, or is on its way there, is not given back by a run that got stuck before. */
async function refuseWhereNothingComesBack(
  em: Sql,
  kind: WorkflowKind,
  runId: string,
  tenantId: string,
): Promise<void> {
  const [tenant] = await rows<{ state: string }>(em)`select state from tenants where id = ${tenantId} for update`;
  if (!tenant || tenant.state === 'erased' || tenant.state === 'rolled_back')
    throw new DomainError('run_not_finishable', 'Nothing is left of this tenant.');
  if (kind === 'offboardTenant' && (await hasBegunErasing(em, runId)))
    throw new DomainError(
      'run_not_finishable',
      'Its erasure has begun; there is no way back. Remove the tenant to erase what is left.',
    );
  if (kind !== 'offboardTenant' && (await openOffboardingOf(em, tenantId)))
    throw new DomainError('run_not_finishable', 'The tenant is being offboarded. Undo that first.');
}

async function writeFinish(em: Sql, left: FinishableRun, actor: Actor): Promise<OpenedFinish> {
  const [runId, tenantId] = [newId(), left.tenantId];
  await openRun(
    em,
    { id: runId, kind: 'finishRollback', tenantId, exclusive: true, cancellable: false, parentRunId: left.id },
    actor,
  );
  const steps = (await unfinishedSteps(em, left.id)).reverse();
  await addSteps(em, runId, [
    ...steps.map(undoOf),
    left.kind === 'provisionTenant'
      ? { title: 'Release the address', kind: 'fixed', provider: 'address', act: 'address.release', undo: null }
      : { title: 'Leave the tenant as it was', kind: 'fixed', provider: 'tenant', act: 'tenant.takeBack', undo: null },
  ]);
  return { runId, tenantId };
}

/** Ends a finishing run. When nothing is left, the run that it finishes becomes `rolled_back` late, and the tenant what it was before. */
export async function closeFinish(ledger: Ledger, ref: RunRef): Promise<RunState> {
  return ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: run.state };
    if (run.state === 'queued') await moveRun(em, run, 'running');
    const [parent] = await rows<{ id: string }>(em)`
      select parent_run_id as id from runs where id = ${run.id} and parent_run_id is not null`;
    if (!parent) throw new Error(`run ${run.id} finishes no other`);
    const finished = await lockRun(em, parent.id);
    const left = await leftOfRemoval(em, run.id);
    if (left.length > 0) return { changed: true, result: await leaveBehind(em, run, left, finished) };
    await rows(em)`
      update run_steps set state = 'undone', finished_at = now()
      where run_id = ${finished.id} and undo is not null and state not in ('pending', 'undone')`;
    await moveRun(em, finished, 'rolled_back');
    await rows(em)`update runs set version = version + 1 where id = ${finished.id}`;

    await finishFixedSteps(em, run.id);
    await closeTasks(em, { tenantId: ref.tenantId, kinds: ['attention'] }, run.actor);
    await takeBackOfTenant[finished.kind]?.(em, finished, ref.tenantId);
    await rows(em)`update tenants set attention = false where id = ${ref.tenantId}`;
    await moveRun(em, run, 'succeeded');
    return { changed: true, result: 'succeeded' };
  });
}
