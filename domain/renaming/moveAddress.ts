import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { appendEvent } from '../events/appendEvent.ts';
import { finishFixedSteps } from '../runs/ending/closeRun.ts';
import { moveRun, type Ledger } from '../runs/ledger.ts';
import { offerReverse } from '../runs/reversing.ts';
import { rows } from '../sql.ts';

/**
 * The point of no return of a rename, in one transaction: the new address is where the tenant is, the old one leads to it, and the run
 * has succeeded. What is asked at either at that moment is answered by one of them.
 */
export async function moveAddress(ledger: Ledger, ref: RunRef, { holdDays }: { holdDays: number }): Promise<void> {
  await ledger.onRun(ref, async (em, run) => {
    if (run.state === 'succeeded') return { changed: false, result: undefined };
    if (runIsOver(run.state) || run.cancelRequestedAt)
      throw new DomainError('run_over', 'The run was cancelled before the address moved.');
    const [rename] = await rows<{ from_slug: string; to_slug: string; redirect_days: number }>(em)`
      select from_slug, to_slug, redirect_days from renames where run_id = ${run.id}`;
    if (!rename) throw new Error(`run ${run.id} renames nothing`);
    await leave(em, ref.tenantId, { slug: rename.from_slug, redirectDays: rename.redirect_days, holdDays });
    const taken = await rows(em)`
      update tenant_addresses set state = 'current', held_until = null, reserved_by = null
      where tenant_id = ${ref.tenantId} and slug = ${rename.to_slug} and reserved_by = ${run.id} returning id`;
    if (taken.length === 0) throw new Error(`the address that run ${run.id} keeps is not there`);
    await rows(em)`update tenants set version = version + 1, updated_at = now() where id = ${ref.tenantId}`;
    // Addresses name customers, and events outlive them: which it was, and is, stands with the run.
    await appendEvent(
      em,
      { stream: `tenant:${ref.tenantId}`, type: 'tenant.renamed', tenantId: ref.tenantId, data: { runId: run.id } },
      run.actor,
    );
    await finishFixedSteps(em, run.id);
    if (run.state === 'queued') await moveRun(em, run, 'running');
    await moveRun(em, run, 'succeeded');
    await offerReverse(em, run.id);
    return { changed: true, result: undefined };
  });
}

/** Leads to the new address for a while, and is then held: nobody else gets it before what people kept of it is old. */
async function leave(
  em: Sql,
  tenantId: string,
  { slug, redirectDays, holdDays }: { slug: string; redirectDays: number; holdDays: number },
): Promise<void> {
  const left = await rows(em)`
    update tenant_addresses set
      state = ${redirectDays > 0 ? 'redirect' : 'held'},
      held_until = now() + make_interval(days => ${redirectDays > 0 ? redirectDays : holdDays}::int)
    where tenant_id = ${tenantId} and slug = ${slug} and state = 'current' returning id`;
  if (left.length === 0) throw new Error('the tenant does not have the address that it is to leave');
}
