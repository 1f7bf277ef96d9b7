import { runIsOver } from '#contracts/runStates.ts';
import type { ImportTurn, PlatformRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import type { Ledger, LockedRun } from '../../runs/ledger.ts';
import { beginPlatformRun } from '../../runs/platformRun.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import type { TenantKeys } from '../../secrets/tenantKeys.ts';
import { rows } from '../../sql.ts';
import { importOfRun } from '../importOfRun.ts';
import { lockImport, type ImportRow } from '../importRow.ts';
import { inviteNext } from '../inviting/inviteNext.ts';
import { closeImport, giveUp } from './closeImport.ts';
import { registerLines } from './registerLines.ts';
import { settleLines } from './settleLines.ts';

export interface Makers {
  ledger: Ledger;
  keyring: Keyring;
  keys: TenantKeys;
  /** How many tenants of an import are under way at once. */
  window: number;
}

/** One transaction holds the import for no longer than so many registrations take. */
const registeredAtOnce = 8;

export interface Turn {
  next: ImportTurn;
  /** Given where it is to stand still: at which step, and which of the run's stops this is. */
  stop?: { stepId: string; park: number };
  /** Runs that exist now and are to be started. */
  runIds: string[];
  outcomes: { created: number; failed: number; existing: number };
}

const idle = (next: ImportTurn): Turn => ({ next, runIds: [], outcomes: { created: 0, failed: 0, existing: 0 } });

/**
 * The next small piece of an import, by its rows alone: notes which tenants are ready, registers the next ones while fewer than the
 * window are under way, and ends the import when none is left. Whoever calls it twice, or after any process died, makes nothing twice: a
 * line and its tenant's run are written together.
 *
 * @param now the workflow's time, in RFC 3339
 */
export async function takeTurn(makers: Makers, ref: PlatformRef, now: string): Promise<Turn> {
  return makers.ledger.onRun<Turn>(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: idle('over') };
    const file = await lockImport(em, await importOfRun(em, run.id));
    switch (file.state) {
      case 'checking':
        return run.cancelRequestedAt ? cancelled(em, run, file) : { changed: false, result: idle('check') };
      case 'ready':
        return waitOrGiveUp(em, run, file, now);
      case 'creating':
        return create(makers, em, run, file);
      case 'inviting':
        return invite(makers, em, run, file);
      default:
        // Its rows were ended by somebody else: the run has nothing left to do.
        await closeImport(em, run, file);
        return { changed: true, result: idle('over') };
    }
  });
}

type Changed = { changed: boolean; result: Turn };

async function cancelled(em: Sql, run: LockedRun, file: ImportRow): Promise<Changed> {
  await giveUp(em, run, file, 'cancelled');
  return { changed: true, result: idle('over') };
}

async function waitOrGiveUp(em: Sql, run: LockedRun, file: ImportRow, now: string): Promise<Changed> {
  if (run.cancelRequestedAt) return cancelled(em, run, file);
  if (!file.expiresAt || Date.parse(file.expiresAt) > Date.parse(now)) return { changed: false, result: idle('wait') };
  await giveUp(em, run, file, 'expired');
  return { changed: true, result: idle('over') };
}

async function create(makers: Makers, em: Sql, run: LockedRun, file: ImportRow): Promise<Changed> {
  const settled = await settleLines(em, run.id, file.id);
  const [counted] = await rows<{ open: number; left: number }>(em)`
    select count(*) filter (where state = 'creating')::integer as open, count(*) filter (where state = 'valid')::integer as left
    from import_lines where import_id = ${file.id} and state in ('creating', 'valid')`;
  const { open = 0, left = 0 } = counted ?? {};
  const isOver = open === 0 && (left === 0 || run.cancelRequestedAt !== null);
  if (isOver) {
    await closeImport(em, run, file);
    return { changed: true, result: { ...idle('over'), outcomes: settled } };
  }
  if (run.cancelRequestedAt || run.pauseRequestedAt) {
    const stop = open === 0 && !run.cancelRequestedAt ? await stopAt(em, run, 'import.create') : null;
    const turn: Turn = { ...(stop ? { ...idle('held'), stop } : idle('more')), outcomes: settled };
    return { changed: settled.created + settled.failed > 0, result: turn };
  }
  await goOnFrom(em, run.id, 'import.create');
  const room = Math.min(makers.window - open, registeredAtOnce);
  const registered =
    room > 0 && left > 0 ? await registerLines(makers, em, { run, file, most: room }) : nothingRegistered;
  const { runIds, existing, failed } = registered;
  const hasMore = runIds.length + existing + failed === registeredAtOnce;
  const outcomes = { created: settled.created, failed: settled.failed + failed, existing };
  const changed = runIds.length + outcomes.created + outcomes.failed + existing > 0;
  return { changed, result: { next: hasMore ? 'again' : 'more', runIds, outcomes } };
}

const nothingRegistered = { runIds: [] as string[], existing: 0, failed: 0 };

async function invite(makers: Makers, em: Sql, run: LockedRun, file: ImportRow): Promise<Changed> {
  await beginPlatformRun(em, run);
  const stands = Boolean(run.cancelRequestedAt || run.pauseRequestedAt);
  const { open, left, runIds } = await inviteNext(em, run, file.id, makers.window, stands);
  if (open === 0 && (left === 0 || run.cancelRequestedAt)) {
    await closeImport(em, run, file);
    return { changed: true, result: idle('over') };
  }
  if (stands && open === 0)
    return { changed: false, result: { ...idle('held'), stop: await stopAt(em, run, 'import.invite') } };
  if (!stands) await goOnFrom(em, run.id, 'import.invite');
  return { changed: runIds.length > 0, result: { ...idle('more'), runIds } };
}

/** The stop that the run is at, or the next one. */
async function stopAt(em: Sql, run: LockedRun, act: string): Promise<{ stepId: string; park: number }> {
  const [step] = await rows<{ id: string }>(em)`select id from run_steps where run_id = ${run.id} and act = ${act}`;
  if (!step) throw new Error(`run ${run.id} has no step ${act}`);
  return { stepId: step.id, park: run.heldBy === 'pause' ? run.park : run.park + 1 };
}

/** A step that stood still is under way again. */
const goOnFrom = (em: Sql, runId: string, act: string): Promise<unknown> =>
  rows(em)`
    update run_steps set state = 'running', reason_code = null, reason = null
    where run_id = ${runId} and act = ${act} and state = 'waiting'`;
