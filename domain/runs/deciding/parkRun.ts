import { runIsOver } from '#contracts/runStates.ts';
import type { Hold, PlatformRef, Reason, Taken } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import { appendEvent } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';
import { closeTasks } from '../../tasks/closeTasks.ts';
import { openTask } from '../../tasks/openTask.ts';
import { asksAPerson, whyHeld } from './holds.ts';
import { moveRun, type Ledger, type LockedRun } from '../ledger.ts';

/** A run's stop at a step. Its workflow numbers its stops, so that a repeated call is known as one. */
export interface Stop extends PlatformRef {
  stepId: string;
  park: number;
}

/** Parks a run whose step failed for good: it waits for a person's decision, and a task asks for it. */
export async function parkRun(ledger: Ledger, stop: Stop, reason: Reason): Promise<void> {
  await ledger.onRun(stop, async (em, run) => {
    if (run.park >= stop.park || runIsOver(run.state)) return { changed: false, result: undefined };
    await stopForPerson(em, run, stop, { by: 'decision', reason, title: 'A run waits for a decision' });
    return { changed: true, result: undefined };
  });
}

/** A locked run waits for a person from now on, and a task asks for one. At a stop that it has come to already nothing changes. */
export async function stopForPerson(
  em: Sql,
  run: LockedRun,
  stop: Stop,
  { by, reason, title }: { by: 'decision' | 'approval'; reason: Reason; title: string },
): Promise<void> {
  if (run.park >= stop.park) return;
  await stopAt(em, run, stop, { by, reason });
  await moveRun(em, run, 'waiting');
  await openTask(em, { kind: 'parked', runId: run.id, tenantId: run.tenantId, title, reason, left: [] });
}

/** A step was not begun because something holds it: says whom the run waits for, and writes it down. */
export async function holdRun(ledger: Ledger, stop: Stop): Promise<Hold> {
  return ledger.onRun<Hold>(stop, async (em, run) => {
    const held = await whyHeld(em, run, stop.stepId);
    if (!held || runIsOver(run.state)) return { changed: false, result: 'nothing' };
    const person = asksAPerson(held);
    await stopAt(em, run, person ? stop : { ...stop, park: run.park }, held);
    if (person || held.by === 'provisioning') await moveRunTo(em, run, 'paused');
    return { changed: true, result: person ? 'person' : 'times' };
  });
}

/**
 * What was decided at this stop; null when nobody has yet. Taking it twice gives it twice: the answer to the first time may have
 * been lost.
 */
export async function takeDecision(ledger: Ledger, stop: Stop): Promise<Taken | null> {
  return ledger.onRun<Taken | null>(stop, async (em, run) => {
    const [decision] = await rows<{ id: string; kind: Taken['kind']; input_number: number | null; taken: boolean }>(em)`
      select id, kind, input_number, taken_at is not null as taken from decisions
      where run_id = ${run.id} and epoch = ${run.epoch} and park = ${stop.park}`;
    if (!decision) return { changed: false, result: null };
    const result = { kind: decision.kind, inputNumber: decision.input_number };
    if (decision.taken) return { changed: false, result };
    await rows(em)`
      update decisions set taken_at = now(), delivered_at = coalesce(delivered_at, now()) where id = ${decision.id}`;
    if (run.heldBy !== 'decision') {
      await rows(em)`update run_steps set breakpoint = false where id = ${stop.stepId}`;
      await rows(em)`update runs set pause_requested_at = null, pause_requested_by = null where id = ${run.id}`;
    }
    await closeTasks(em, { runId: run.id, kinds: ['parked'] }, run.actor);
    await moveRunTo(em, run, 'running');
    return { changed: true, result };
  });
}

async function stopAt(em: Sql, run: LockedRun, { stepId, park }: Stop, held: { by: string; reason: Reason }) {
  const { code, text } = held.reason;
  await rows(em)`
    update run_steps set state = 'waiting', reason_code = ${code}, reason = ${text}
    where id = ${stepId} and run_id = ${run.id}`;
  await rows(em)`
    update runs set held_by = ${held.by}, held_since = now(), held_step_id = ${stepId}, park = ${park}, woken_at = null
    where id = ${run.id}`;
  await appendEvent(
    em,
    { stream: `run:${run.id}`, type: 'run.held', tenantId: run.tenantId, data: { by: held.by, code } },
    run.actor,
  );
}

async function moveRunTo(em: Sql, run: LockedRun, to: 'paused' | 'running'): Promise<void> {
  if (run.state !== to) await moveRun(em, run, to);
}
