import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import { moveTenant } from '../tenants/moveTenant.ts';
import { moveRun, type Ledger } from './ledger.ts';
import { addSteps, openRun } from './openRun.ts';

/**
 * The point of no return, in one transaction: the tenant becomes active, the run `succeeded`, and the run that invites the
 * tenant's admin exists. A cancel that was accepted before wins (`run_over`); one that comes later is refused by the API.
 *
 * @returns the id of the delivery run, or null when nobody is to be invited
 */
export async function openDoors(ledger: Ledger, ref: RunRef & { stepId: string }): Promise<string | null> {
  return ledger.onRun(ref, async (em, run) => {
    if (run.state === 'succeeded') {
      const [delivery] = await rows<{ id: string }>(em)`select id from runs where parent_run_id = ${run.id}`;
      return { changed: false, result: delivery?.id ?? null }; // an earlier attempt committed and its answer was lost
    }
    if (runIsOver(run.state) || run.cancelRequestedAt)
      throw new DomainError('run_over', 'The run was cancelled before the doors opened.');
    const [tenant] = await rows<{ invited: boolean }>(em)`
      select admin_sealed is not null as invited from tenants where id = ${ref.tenantId} for update`;
    await finishDoors(em, ref.stepId);
    await moveTenant(em, ref.tenantId, { to: 'active', attention: false }, run.actor);
    await moveRun(em, run, 'succeeded');
    if (!tenant?.invited) return { changed: true, result: null };

    const deliveryId = newId();
    const { tenantId } = ref;
    await openRun(
      em,
      {
        id: deliveryId,
        kind: 'deliverInvitation',
        tenantId,
        exclusive: false,
        cancellable: false,
        parentRunId: run.id,
      },
      run.actor,
    );
    await addSteps(em, deliveryId, [
      { title: 'Send the invitation', kind: 'fixed', provider: 'invitation', act: 'invitation.send', undo: null },
    ]);
    return { changed: true, result: deliveryId };
  });
}

/** The first thing a removal does: from here on the tenant is invisible to everyone but the platform. */
export async function closeDoors(ledger: Ledger, ref: RunRef & { stepId: string }): Promise<void> {
  await ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) throw new DomainError('run_over', `The run has ended (${run.state}).`);
    const [tenant] = await rows<{ state: string }>(em)`select state from tenants where id = ${ref.tenantId} for update`;
    await finishDoors(em, ref.stepId);
    if (run.state === 'queued') await moveRun(em, run, 'running');
    if (tenant?.state !== 'offboarding')
      await moveTenant(em, ref.tenantId, { to: 'offboarding', attention: false }, run.actor);
    return { changed: true, result: undefined };
  });
}

/** Written with the doors' own transaction, so that the step and what it tells of cannot differ. */
async function finishDoors(em: Sql, stepId: string): Promise<void> {
  await rows(em)`
    update run_steps set state = 'done', attempt = greatest(attempt, 1), started_at = coalesce(started_at, now()),
      finished_at = now(), reason_code = null, reason = null
    where id = ${stepId}`;
}
