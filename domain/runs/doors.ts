import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { BlueprintStep } from '#contracts/blueprints.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import { deliveryOf, stepsAfterDoors } from '../blueprints/planSteps.ts';
import { findVersion, stepsOf } from '../blueprints/viewBlueprints.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import { moveTenant } from '../tenants/moveTenant.ts';
import { moveRun, type Ledger, type LockedRun } from './ledger.ts';
import { addSteps, openRun, type NewStep } from './openRun.ts';

/**
 * The point of no return, in one transaction: the tenant becomes active, the run `succeeded`, and the runs that follow exist: the
 * one that invites the tenant's admin, and one for each step that the blueprint has after the doors. A cancel that was accepted
 * before wins (`run_over`); one that comes later is refused by the API.
 *
 * @returns the ids of the runs to start
 */
export async function openDoors(ledger: Ledger, ref: RunRef & { stepId: string }): Promise<string[]> {
  return ledger.onRun(ref, async (em, run) => {
    // An earlier attempt committed and its answer was lost.
    if (run.state === 'succeeded') return { changed: false, result: await deliveriesOf(em, run.id) };
    if (runIsOver(run.state) || run.cancelRequestedAt)
      throw new DomainError('run_over', 'The run was cancelled before the doors opened.');
    const [tenant] = await rows<{ invited: boolean }>(em)`
      select admin_sealed is not null and not invitation_held as invited from tenants where id = ${ref.tenantId} for update`;
    await finishDoors(em, ref.stepId);
    await moveTenant(em, ref.tenantId, { to: 'active', attention: false }, run.actor);
    await moveRun(em, run, 'succeeded');

    if (tenant?.invited) await openDelivery(em, run, 'deliverInvitation', invitation);
    for (const step of stepsAfterDoors(await stepsOfRun(em, run.id)))
      await openDelivery(em, run, 'deliverStep', deliveryOf(step));
    return { changed: true, result: await deliveriesOf(em, run.id) };
  });
}

const invitation: NewStep = {
  title: 'Send the invitation',
  kind: 'fixed',
  provider: 'invitation',
  act: 'invitation.send',
  undo: null,
};

async function openDelivery(
  em: Sql,
  { id: parentRunId, tenantId, actor }: LockedRun,
  kind: 'deliverInvitation' | 'deliverStep',
  step: NewStep,
): Promise<void> {
  const id = newId();
  await openRun(em, { id, kind, tenantId, exclusive: false, cancellable: false, parentRunId }, actor);
  await addSteps(em, id, [step]);
}

async function deliveriesOf(em: Sql, runId: string): Promise<string[]> {
  const found = await rows<{ id: string }>(em)`select id from runs where parent_run_id = ${runId} order by id`;
  return found.map(({ id }) => id);
}

/** Of the version that the run is pinned to, whatever its plan has been moved to since. */
async function stepsOfRun(em: Sql, runId: string): Promise<BlueprintStep[]> {
  const [pinned] = await rows<{ name: string | null; version: number }>(em)`
    select blueprint_name as name, blueprint_version as version from runs where id = ${runId}`;
  return pinned?.name ? stepsOf(await findVersion(em, pinned.name, pinned.version)) : [];
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
