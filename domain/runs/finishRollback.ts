import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { closeTasks } from '../tasks/closeTasks.ts';
import { leftOfRemoval } from '../tasks/whatIsLeft.ts';
import { releaseAddress } from '../tenants/addresses.ts';
import { moveTenant } from '../tenants/moveTenant.ts';
import { finishFixedSteps, leaveBehind, unfinishedSteps } from './closeRun.ts';
import { lockRun, moveRun, type Ledger } from './ledger.ts';
import { addSteps, openRun } from './openRun.ts';
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
  const left = await lockRun(em, leftRunId);
  if (left.kind !== 'provisionTenant' || left.state !== 'needs_attention' || !left.tenantId)
    throw new DomainError('run_not_finishable', 'Only a provisioning whose rollback left something can be finished.');
  const [runId, tenantId] = [newId(), left.tenantId];
  await openRun(
    em,
    { id: runId, kind: 'finishRollback', tenantId, exclusive: true, cancellable: false, parentRunId: left.id },
    actor,
  );
  const steps = (await unfinishedSteps(em, left.id)).reverse();
  await addSteps(em, runId, [
    ...steps.map(undoOf),
    { title: 'Release the address', kind: 'fixed', provider: 'address', act: 'address.release', undo: null },
  ]);
  return { runId, tenantId };
}

/** Ends a finishing run. When nothing is left, the run that it finishes becomes `rolled_back` late, and the address is free. */
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

    await releaseAddress(em, ref.tenantId);
    await finishFixedSteps(em, run.id);
    await moveTenant(em, ref.tenantId, { to: 'rolled_back', attention: false }, run.actor);
    await closeTasks(em, { tenantId: ref.tenantId, kinds: ['attention'] }, run.actor);
    await moveRun(em, run, 'succeeded');
    return { changed: true, result: 'succeeded' };
  });
}
