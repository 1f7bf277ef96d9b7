import { v7 as newId } from 'uuid';
import { runIsOver } from '#contracts/runStates.ts';
import type { PlatformRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import type { Ledger } from '../runs/ledger.ts';
import { addSteps, openRun } from '../runs/openRun.ts';
import { advance, beginPlatformRun, closePlatformRun, placeOf } from '../runs/platformRun.ts';
import { clearedKinds, type ClearedKind, type Retention } from '../settings/retention.ts';
import { rows } from '../sql.ts';
import { clearings } from './clear.ts';

/** So many rows in a transaction: nobody waits long for what it holds. */
const batchRows = 500;

const titles: Record<ClearedKind, string> = {
  sessions: 'Clear sessions that ended',
  idempotencyKeys: 'Clear kept answers of idempotency keys',
  links: 'Clear one-time links that nobody can use',
  mails: 'Clear mails and notifications that were sent',
  approvals: 'Clear approvals that were closed',
  keys: 'Clear API keys and worker tokens that ended',
  imports: 'Clear the lines of imports that ended',
  usageEvents: 'Clear events of usage that are in the roll-ups',
  dues: 'Clear what became due of licences and is settled',
  runs: 'Clear the steps of runs that are long over',
};

/** What came of one batch. */
export interface Cleared {
  kind: ClearedKind | null;
  count: number;
  isOver: boolean;
}

/** Opens the run that removes what was kept for long enough. Refuses with `run_in_progress`. */
export async function openRetention(em: Sql, _tenantId: null, actor: Actor, runId = newId()): Promise<string> {
  await openRun(em, { id: runId, kind: 'applyRetention', tenantId: null, exclusive: false, cancellable: false }, actor);
  await addSteps(
    em,
    runId,
    clearedKinds.map((kind) => ({
      title: titles[kind],
      kind: 'fixed',
      provider: 'retention',
      act: 'retention.clear',
      undo: null,
    })),
  );
  return runId;
}

/**
 * Removes the next batch and writes down how far it came, in one transaction: an attempt that is repeated goes on from there. Steps name
 * in their titles how much went.
 */
export async function clearBatch(ledger: Ledger, ref: PlatformRef, retention: Retention): Promise<Cleared> {
  return ledger.onRun<Cleared>(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: { kind: null, count: 0, isOver: true } };
    await beginPlatformRun(em, run);
    const from = await placeOf(em, run.id);
    const counts = readPlace(from);
    const kind = clearedKinds[counts.length - 1] ?? clearedKinds[0];
    const days = retention[kind];
    const count = days === null ? 0 : await clearings[kind](em, days, batchRows);
    const soFar = (counts.at(-1) ?? 0) + count;
    const isDone = count < batchRows;
    const isOver = isDone && kind === clearedKinds.at(-1);
    const next = [...counts.slice(0, -1), soFar, ...(isDone && !isOver ? [0] : [])];
    await advance(em, run.id, from, next.join(' '), { done: count, found: 0, skipped: [] });
    if (isDone)
      await finishStep(
        em,
        run.id,
        clearedKinds.indexOf(kind),
        `${titles[kind]}: ${days === null ? 'kept for ever' : soFar}`,
      );
    if (isOver) {
      const cleared = Object.fromEntries(clearedKinds.map((one, at) => [one, next[at] ?? 0]));
      await appendEvent(
        em,
        { stream: 'platform:retention', type: 'retention.applied', tenantId: null, data: cleared },
        run.actor,
      );
      await closePlatformRun(em, run);
    }
    return { changed: true, result: { kind, count, isOver } };
  });
}

/** How many of each kind went, up to the one at hand: `12 0 3`. */
const readPlace = (place: string | null): number[] => (place === null ? [0] : place.split(' ').map(Number));

async function finishStep(em: Sql, runId: string, position: number, title: string): Promise<void> {
  await rows(em)`
    update run_steps set state = 'done', title = ${title}, attempt = 1, started_at = coalesce(started_at, now()), finished_at = now()
    where run_id = ${runId} and position = ${position}`;
  await rows(em)`
    update run_steps set state = 'running', attempt = 1, started_at = now()
    where run_id = ${runId} and position = ${position + 1} and state = 'pending'`;
}
