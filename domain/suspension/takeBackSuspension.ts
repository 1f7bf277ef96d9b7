import { bumpAccessEpoch } from '../access/epoch.ts';
import type { Sql } from '../database.ts';
import type { LockedRun } from '../runs/ledger.ts';
import { rows } from '../sql.ts';
import { openTask } from '../tasks/openTask.ts';
import { moveTenant } from '../tenants/moveTenant.ts';
import { tellOfSuspension } from './suspensionRow.ts';

/** A resumption that failed is tried again after this, where it was to come by itself. */
const againMinutes = 10;

/**
 * A suspension that came to nothing: everything is open again, and the doors open with the rollback's end. One that was planned had
 * nobody who waits for it, so a person is asked for.
 */
export async function takeBackSuspension(em: Sql, run: LockedRun, tenantId: string): Promise<void> {
  const why = await reasonOf(em, run.id);
  const [failed] = await rows<{ id: string }>(em)`
    update suspensions set state = 'failed', ended_at = now(), why = ${why}
    where tenant_id = ${tenantId} and state = 'effective' and run_id = ${run.id} returning id`;
  await moveTenant(em, tenantId, { to: 'active', attention: false }, run.actor);
  await bumpAccessEpoch(em);
  if (!failed) return;
  await tellOfSuspension(em, { ...failed, tenantId }, 'failed', run.actor, { runId: run.id });
  if (run.actor.userId === null)
    await openTask(em, {
      kind: 'attention',
      runId: run.id,
      tenantId,
      title: 'A planned suspension came to nothing',
      reason: { code: 'suspension_failed', text: `Everything is open again. ${why}` },
    });
}

/** The tenant stays suspended as it was; a resumption that was to come by itself is tried again later. */
export async function takeBackResumption(em: Sql, run: LockedRun, tenantId: string): Promise<void> {
  await rows(em)`
    update suspensions set why = ${await reasonOf(em, run.id)},
      try_after = now() + make_interval(mins => ${againMinutes}::int),
      -- Whoever cancels a resumption that came by itself does not want it to come again.
      ends_at = case when ${run.cancelRequestedAt !== null} and ends_at <= now() then null else ends_at end
    where tenant_id = ${tenantId} and state = 'effective' and resume_run_id = ${run.id}`;
  await rows(em)`update tenants set attention = false, version = version + 1 where id = ${tenantId} and attention`;
}

async function reasonOf(em: Sql, runId: string): Promise<string> {
  const [run] = await rows<{ reason: string | null }>(em)`select reason from runs where id = ${runId}`;
  return run?.reason ?? 'The run was rolled back.';
}
