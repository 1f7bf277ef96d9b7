import { runIsOver } from '#contracts/runStates.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Configuration } from '../configuration.ts';
import type { Sql } from '../database.ts';
import { appendEvent } from '../events/appendEvent.ts';
import { isoOf } from '../isoOf.ts';
import { leaveTenant, takeTenant } from '../runs/exclusivity.ts';
import { moveRun, type Ledger, type LockedRun } from '../runs/ledger.ts';
import { registryTime, rows } from '../sql.ts';
import { closeTasks } from '../tasks/closeTasks.ts';
import { openTask } from '../tasks/openTask.ts';
import { lockOffboarding, type OffboardingRow } from './offboardingRow.ts';

const dayMs = 86_400_000;
/** Whoever waits looks again after this by itself: what wakes it may have been lost. */
const againMs = 24 * 3_600_000;
const busyMs = 5_000;

/** What the workflow does next: begin to erase, or look again after so long. */
export type GraceAnswer = { isOver: true } | { isOver: false; waitMs: number };

type GraceStep = RunRef & { stepId: string };

/**
 * Begins the time in which the offboarding can be undone, once; meanwhile others may change the tenant. Then says whether it is over,
 * and begins the erasure in the same transaction: a cancel that was accepted before wins, one that comes later is refused.
 *
 * @param now the workflow's time, in milliseconds
 */
export async function lookAtGrace(
  ledger: Ledger,
  { erasure }: Pick<Configuration, 'erasure'>,
  ref: GraceStep,
  now: number,
): Promise<GraceAnswer> {
  try {
    return await ledger.onRun<GraceAnswer>(ref, async (em, run) => {
      if (runIsOver(run.state) || run.cancelRequestedAt)
        throw new DomainError('run_over', 'The offboarding was taken back.');
      const offboarding = await lockOffboarding(em, run.id);
      if (offboarding.erasingAt) return { changed: false, result: { isOver: true } };
      const endsAt = await endOf(em, run, offboarding, now);
      const stop = await whatForbids(em, run.tenantId!, {
        endsAt,
        now,
        toleranceMs: erasure.clockToleranceSeconds * 1_000,
      });
      if (stop) {
        await standStill(em, run, ref.stepId, stop);
        return { changed: true, result: { isOver: false, waitMs: stop.waitMs } };
      }
      await beginErasing(em, run, ref.stepId);
      return { changed: true, result: { isOver: true } };
    });
  } catch (error) {
    // Somebody changes the tenant this moment: its end can wait for that.
    if (error instanceof DomainError && error.code === 'run_in_progress') return { isOver: false, waitMs: busyMs };
    throw error;
  }
}

async function endOf(em: Sql, run: LockedRun, offboarding: OffboardingRow, now: number): Promise<number> {
  if (offboarding.graceEndsAt) return Date.parse(isoOf(offboarding.graceEndsAt));
  const endsAt = now + offboarding.graceDays * dayMs;
  const until = new Date(endsAt).toISOString();
  await rows(em)`update offboardings set grace_ends_at = ${until} where run_id = ${run.id}`;
  await appendEvent(
    em,
    { stream: `tenant:${run.tenantId}`, type: 'offboarding.grace_begun', tenantId: run.tenantId, data: { until } },
    run.actor,
  );
  return endsAt;
}

interface Stop {
  by: 'grace' | 'legal_hold' | 'clocks';
  code: string;
  text: string;
  waitMs: number;
}

/** Why nothing may be erased now; null when nothing forbids it. Never earlier than both clocks say, never against a hold. */
async function whatForbids(
  em: Sql,
  tenantId: string,
  { endsAt, now, toleranceMs }: { endsAt: number; now: number; toleranceMs: number },
): Promise<Stop | null> {
  if (now < endsAt) {
    const text = `It can be undone until ${new Date(endsAt).toISOString()}.`;
    return { by: 'grace', code: 'grace', text, waitMs: Math.min(endsAt - now, againMs) };
  }
  // Whoever sets a hold locks this row too: one of the two is first.
  await rows(em)`select 1 from tenants where id = ${tenantId} for update`;
  const held = await rows(em)`select 1 from legal_holds where tenant_id = ${tenantId} and lifted_at is null`;
  if (held.length > 0)
    return { by: 'legal_hold', code: 'legal_hold', text: 'A legal hold forbids the erasure.', waitMs: againMs };
  const registryNow = Date.parse(await registryTime(em));
  if (registryNow + toleranceMs >= endsAt && Math.abs(registryNow - now) <= Math.max(toleranceMs, 1)) return null;
  const apart = Math.round(Math.abs(registryNow - now) / 1_000);
  const text = `The clocks of Temporal and of the registry are ${apart} s apart. Set them right; nothing is erased before both say so.`;
  return { by: 'clocks', code: 'clocks_differ', text, waitMs: Math.max(busyMs, Math.min(toleranceMs, againMs)) };
}

async function standStill(em: Sql, run: LockedRun, stepId: string, { by, code, text }: Stop): Promise<void> {
  await leaveTenant(em, run);
  if (run.state === 'queued') await moveRun(em, run, 'running');
  const held = await rows(em)`
    update runs set held_by = ${by}, held_step_id = ${stepId}, woken_at = null,
      held_since = case when held_by is distinct from ${by} then now() else held_since end
    where id = ${run.id} and (held_by is distinct from ${by} or state <> 'waiting') returning id`;
  await rows(em)`
    update run_steps set state = 'waiting', attempt = 1, started_at = coalesce(started_at, now()), reason_code = ${code}, reason = ${text}
    where id = ${stepId}`;
  if (run.state === 'running') await moveRun(em, run, 'waiting');
  if (by === 'clocks')
    await openTask(
      em,
      {
        kind: 'parked',
        runId: run.id,
        tenantId: run.tenantId,
        title: 'An erasure waits for the clocks',
        reason: { code, text },
      },
      run.actor,
    );
  else await closeTasks(em, { runId: run.id, kinds: ['parked'] }, run.actor);
  if (held.length > 0)
    await appendEvent(
      em,
      { stream: `run:${run.id}`, type: 'run.held', tenantId: run.tenantId, data: { by, code } },
      run.actor,
    );
}

/** The point of no return. From here the run holds its tenant to its end. */
async function beginErasing(em: Sql, run: LockedRun, stepId: string): Promise<void> {
  await takeTenant(em, { id: run.id, tenantId: run.tenantId! });
  await closeTasks(em, { runId: run.id, kinds: ['parked'] }, run.actor);
  await rows(em)`update runs set cancellable = false where id = ${run.id}`;
  await rows(em)`update offboardings set erasing_at = clock_timestamp() where run_id = ${run.id}`;
  await rows(em)`
    update run_steps set state = 'done', attempt = 1, started_at = coalesce(started_at, now()), finished_at = now(),
      reason_code = null, reason = null
    where id = ${stepId}`;
  if (run.state !== 'running') await moveRun(em, run, 'running');
  await appendEvent(
    em,
    { stream: `tenant:${run.tenantId}`, type: 'offboarding.erasing', tenantId: run.tenantId },
    run.actor,
  );
}
