import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { LeftThing } from '#contracts/tasks.ts';
import type { Reason, RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { appendEvent } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { closeTasks } from '../tasks/closeTasks.ts';
import { openTask } from '../tasks/openTask.ts';
import { leftOfRemoval, leftOfRollback } from '../tasks/whatIsLeft.ts';
import { releaseAddress } from '../tenants/addresses.ts';
import { moveTenant } from '../tenants/moveTenant.ts';
import type { UnfinishedStep } from './undoSteps.ts';
import { moveRun, type Ledger, type LockedRun } from './ledger.ts';

/**
 * Ends a rollback by what the ledger says. Every undo done: the address is free, the tenant `rolled_back`, the run
 * `cancelled` when that was asked for, else `rolled_back`. Anything left: the address stays held and the run needs attention.
 */
export async function closeRolledBackRun(ledger: Ledger, ref: RunRef): Promise<RunState> {
  return ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: run.state };
    const left = await leftOfRollback(em, run.id);
    if (left.length > 0) return { changed: true, result: await leaveBehind(em, run, left) };

    await releaseAddress(em, ref.tenantId);
    await rows(em)`
      update run_steps set state = 'undone', finished_at = now()
      where run_id = ${run.id} and kind = 'fixed' and undo is not null and state = 'done'`;
    await moveTenant(em, ref.tenantId, { to: 'rolled_back', attention: false }, run.actor);
    await closeTasks(em, { tenantId: ref.tenantId, kinds: ['attention'] }, run.actor);
    const outcome: RunState = run.cancelRequestedAt ? 'cancelled' : 'rolled_back';
    await moveRun(em, run, outcome);
    return { changed: true, result: outcome };
  });
}

/** Ends a removal: `erased` when nothing is left of the tenant outside the registry. */
export async function closeRemoval(ledger: Ledger, ref: RunRef): Promise<RunState> {
  return ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: run.state };
    const left = await leftOfRemoval(em, run.id);
    if (left.length > 0) return { changed: true, result: await leaveBehind(em, run, left) };

    await releaseAddress(em, ref.tenantId);
    await finishFixedSteps(em, run.id);
    await rows(em)`update tenants set admin_sealed = null where id = ${ref.tenantId}`;
    await moveTenant(em, ref.tenantId, { to: 'erased', attention: false }, run.actor);
    await closeTasks(em, { tenantId: ref.tenantId, kinds: ['attention'] }, run.actor);
    await moveRun(em, run, 'succeeded');
    return { changed: true, result: 'succeeded' };
  });
}

/** The steps whose promise of an undo is not kept: begun, with an undo, and not undone. The address is released last. */
export async function unfinishedSteps(em: Sql, runId: string): Promise<UnfinishedStep[]> {
  return rows<UnfinishedStep>(em)`
    select s.id, s.kind, s.provider, s.undo, s.spec, s.resource_id as "resourceId", coalesce(r.title, s.title) as title
    from run_steps s left join resources r on r.id = s.resource_id
    where s.run_id = ${runId} and s.undo is not null and s.kind <> 'fixed' and s.state not in ('pending', 'undone')
    order by s.position`;
}

/** What a closing transaction does itself is written down with it. */
export async function finishFixedSteps(em: Sql, runId: string): Promise<void> {
  await rows(em)`
    update run_steps set state = 'done', attempt = 1, started_at = coalesce(started_at, now()), finished_at = now()
    where run_id = ${runId} and kind = 'fixed' and state = 'pending'`;
}

/** Ends a run that could not remove everything: a person is asked, and told exactly what is left, where and why. */
export async function leaveBehind(
  em: Sql,
  run: LockedRun,
  left: LeftThing[],
  /** Where the task is shown: the run that can be finished. */
  finishable: { id: string } = run,
): Promise<RunState> {
  const text = `Not everything could be removed. Left: ${left.map(({ title }) => title).join(' · ')}.`;
  const reason = { code: 'undo_failed', text };
  const title = run.kind === 'deprovisionTenant' ? 'A removal left something' : 'A rollback left something';
  await openTask(
    em,
    { kind: 'attention', runId: finishable.id, tenantId: run.tenantId, title, reason, left },
    run.actor,
  );
  return needAttention(em, run, reason, left);
}

/** Ends a run as one that cannot be left as it is, and flags its tenant. */
export async function needAttention(
  em: Sql,
  run: LockedRun,
  reason: Reason,
  left: LeftThing[] = [],
): Promise<'needs_attention'> {
  await moveRun(em, run, 'needs_attention', reason);
  if (run.tenantId) {
    await rows(em)`
      update tenants set attention = true, version = version + 1, updated_at = now() where id = ${run.tenantId}`;
    await appendEvent(
      em,
      { stream: `tenant:${run.tenantId}`, type: 'tenant.needs_attention', tenantId: run.tenantId, data: { left } },
      run.actor,
    );
  }
  return 'needs_attention';
}

/** Ends a delivery. One that was refused for good asks for a person: somebody must be told in another way. */
export async function closeDelivery(ledger: Ledger, ref: RunRef, refusal: Reason | null): Promise<void> {
  await ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: undefined };
    if (run.state === 'queued') await moveRun(em, run, 'running');
    if (refusal) {
      await needAttention(em, run, refusal);
      const title =
        run.kind === 'deliverStep' ? 'A step after the doors was refused for good' : 'A message was refused for good';
      await openTask(
        em,
        { kind: 'delivery_refused', runId: run.id, tenantId: run.tenantId, title, reason: refusal },
        run.actor,
      );
    } else await moveRun(em, run, 'succeeded');
    return { changed: true, result: undefined };
  });
}
