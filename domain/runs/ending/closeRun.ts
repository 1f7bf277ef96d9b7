import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { LeftThing } from '#contracts/tasks.ts';
import type { Reason, RunRef, WorkflowKind } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import { appendEvent } from '../../events/appendEvent.ts';
import { openOnboarding } from '../../onboarding/openOnboarding.ts';
import { rows } from '../../sql.ts';
import { eraseInRegistry } from '../../erasure/erasures.ts';
import { openShredding } from '../../erasure/shredding.ts';
import { closeOffboarding } from '../../offboarding/takeBack.ts';
import { closeTasks } from '../../tasks/closeTasks.ts';
import { openTask } from '../../tasks/openTask.ts';
import { leftOfRemoval, leftOfRollback } from '../../tasks/whatIsLeft.ts';
import { giveUpAddress } from '../../tenants/addresses.ts';
import { moveTenant } from '../../tenants/moveTenant.ts';
import { takeBackOfTenant } from './takeBack.ts';
import type { UnfinishedStep } from './undoSteps.ts';
import { moveRun, type Ledger, type LockedRun } from '../ledger.ts';

/**
 * Ends a rollback by what the ledger says. Every undo done: the tenant is what it was before the run, which of a provisioning is
 * nothing; the run is `cancelled` when that was asked for, else `rolled_back`. Anything left: the run needs attention.
 */
export async function closeRolledBackRun(ledger: Ledger, ref: RunRef): Promise<RunState> {
  return ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: run.state };
    const left = await leftOfRollback(em, run.id);
    if (left.length > 0) return { changed: true, result: await leaveBehind(em, run, left) };

    await rows(em)`
      update run_steps set state = 'undone', finished_at = now()
      where run_id = ${run.id} and kind = 'fixed' and undo is not null and state = 'done'`;
    await closeTasks(em, { tenantId: ref.tenantId, kinds: ['attention'] }, run.actor);
    await takeBackOfTenant[run.kind]?.(em, run, ref.tenantId);
    const outcome: RunState = run.cancelRequestedAt ? 'cancelled' : 'rolled_back';
    await moveRun(em, run, outcome);
    return { changed: true, result: outcome };
  });
}

/**
 * Ends a removal: `erased` when nothing is left of the tenant outside the registry. What the registry knows of it in words goes in the same
 * transaction, and the run exists that destroys its key.
 */
export async function closeRemoval(
  ledger: Ledger,
  ref: RunRef,
  { addressHoldDays }: { addressHoldDays: number },
): Promise<RunState> {
  return ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: run.state };
    const left = await leftOfRemoval(em, run.id);
    if (left.length > 0) {
      await closeOffboarding(em, run.id, 'left');
      return { changed: true, result: await leaveBehind(em, run, left) };
    }
    await giveUpAddress(em, ref.tenantId, addressHoldDays);
    await finishFixedSteps(em, run.id);
    await moveTenant(em, ref.tenantId, { to: 'erased', attention: false }, run.actor);
    await closeTasks(em, { tenantId: ref.tenantId, kinds: ['attention'] }, run.actor);
    if (await eraseInRegistry(em, ref.tenantId)) await openShredding(em, ref.tenantId, run.id, run.actor);
    else await rows(em)`update tenants set admin_sealed = null where id = ${ref.tenantId}`;
    await closeOffboarding(em, run.id, 'erased');
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

/** Their undo gives back what was; of all others it removes what they made. */
const removesNothing: ReadonlySet<WorkflowKind> = new Set<WorkflowKind>([
  'suspendTenant',
  'resumeTenant',
  'renameTenant',
  'offboardTenant',
  'restoreTenant',
]);

/** Ends a run that could not remove everything: a person is asked, and told exactly what is left, where and why. */
export async function leaveBehind(
  em: Sql,
  run: LockedRun,
  left: LeftThing[],
  /** Where the task is shown: the run that can be finished. */
  finishable: { id: string; kind: WorkflowKind } = run,
): Promise<RunState> {
  const what = removesNothing.has(finishable.kind) ? 'put back as it was' : 'removed';
  const text = `Not everything could be ${what}. Left: ${left.map(({ title }) => title).join(' · ')}.`;
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

/**
 * Ends a delivery. One that was refused for good asks for a person: somebody must be told in another way. When the admin was
 * invited, the tenant's onboarding begins.
 *
 * @returns the run to start
 */
export async function closeDelivery(ledger: Ledger, ref: RunRef, refusal: Reason | null): Promise<string | null> {
  return ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: null };
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
      return { changed: true, result: null };
    }
    await moveRun(em, run, 'succeeded');
    return { changed: true, result: run.kind === 'deliverInvitation' ? await beginOnboarding(em, run) : null };
  });
}

/** Where nobody was invited there is nobody to accompany: it begins when somebody is. */
async function beginOnboarding(em: Sql, run: LockedRun): Promise<string | null> {
  const invited = await rows(em)`select 1 from run_steps where run_id = ${run.id} and state = 'done' limit 1`;
  if (invited.length === 0 || !run.tenantId) return null;
  return openOnboarding(em, run.tenantId, run.actor, { parentRunId: run.id });
}
