import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import { bumpAccessEpoch } from '../access/epoch.ts';
import type { Sql } from '../database.ts';
import type { Platform } from '../platform.ts';
import { finishFixedSteps } from '../runs/ending/closeRun.ts';
import { lockRun, moveRun, type Ledger, type LockedRun } from '../runs/ledger.ts';
import { rows } from '../sql.ts';
import { closeTasks } from '../tasks/closeTasks.ts';
import { moveTenant } from '../tenants/moveTenant.ts';
import { mailOfResumption, mailOfSuspension } from './suspensionMails.ts';
import { lockOpenSuspension, tellOfSuspension, type OpenSuspension } from './suspensionRow.ts';

type Told = Pick<Platform, 'installation' | 'tenantKeys' | 'configuration'>;

/**
 * The end of a suspension's run: everything is closed, and the tenant's administrator is told. A cancel that was accepted before
 * wins (`run_over`), and everything is opened again.
 */
export async function closeSuspension(ledger: Ledger, platform: Told, ref: RunRef): Promise<void> {
  await platform.tenantKeys.find(ref.tenantId); // inside the transaction it would want a second connection
  await ledger.onRun(ref, async (em, run) => {
    const suspension = await unlessOver(em, run, ref.tenantId);
    if (!suspension) return { changed: false, result: undefined };
    await finishRun(em, run);
    await tellOfSuspension(em, suspension, 'begun', run.actor, { endsAt: suspension.endsAt });
    await mailOfSuspension(em, platform, suspension);
    return { changed: true, result: undefined };
  });
}

/**
 * The end of a resumption's run: what the suspension had closed is open, and now the doors open.
 *
 * @returns the epoch to announce; null when an earlier attempt did it
 */
export async function closeResumption(ledger: Ledger, platform: Told, ref: RunRef): Promise<number | null> {
  await platform.tenantKeys.find(ref.tenantId);
  return ledger.onRun(ref, async (em, run) => {
    const suspension = await unlessOver(em, run, ref.tenantId);
    if (!suspension) return { changed: false, result: null };
    await rows(em)`update suspensions set state = 'ended', ended_at = now() where id = ${suspension.id}`;
    await moveTenant(em, ref.tenantId, { to: 'active', attention: false }, run.actor);
    await settleEarlier(em, run);
    await finishRun(em, run);
    await tellOfSuspension(em, suspension, 'ended', run.actor);
    await mailOfResumption(em, platform, suspension);
    return { changed: true, result: await bumpAccessEpoch(em) };
  });
}

async function unlessOver(em: Sql, run: LockedRun, tenantId: string): Promise<OpenSuspension | null> {
  if (run.state === 'succeeded') return null;
  if (runIsOver(run.state) || run.cancelRequestedAt)
    throw new DomainError('run_over', 'The run was cancelled before its end.');
  const suspension = await lockOpenSuspension(em, tenantId);
  if (suspension?.state !== 'effective') throw new Error(`run ${run.id} has no suspension`);
  return suspension;
}

async function finishRun(em: Sql, run: LockedRun): Promise<void> {
  await finishFixedSteps(em, run.id);
  if (run.state === 'queued') await moveRun(em, run, 'running');
  await moveRun(em, run, 'succeeded');
}

/** What earlier runs of this kind had to leave closed is open now: they have nothing left. */
async function settleEarlier(em: Sql, run: LockedRun): Promise<void> {
  const stuck = await rows<{ id: string }>(em)`
    select id from runs
    where tenant_id = ${run.tenantId} and kind in ('suspendTenant', 'resumeTenant') and state = 'needs_attention'
    order by id`;
  for (const { id } of stuck) {
    await rows(em)`
      update run_steps set state = 'undone', finished_at = now()
      where run_id = ${id} and undo is not null and state not in ('pending', 'undone')`;
    await moveRun(em, await lockRun(em, id), 'rolled_back');
    await rows(em)`update runs set version = version + 1 where id = ${id}`;
  }
  await closeTasks(em, { tenantId: run.tenantId!, kinds: ['attention'] }, run.actor);
}
