import { DomainError } from '#contracts/errors.ts';
import type { DeedInput, PlatformRef, Reason } from '#contracts/workflowInputs.ts';
import type { LeafStep } from '#contracts/runbooks/steps.ts';
import type { Sql } from '../../database.ts';
import { theSystem, type Actor } from '../../events/appendEvent.ts';
import type { Ledger } from '../../runs/ledger.ts';
import { json, rows } from '../../sql.ts';
import type { StepRecord } from '../engine/state.ts';
import type { Known } from '../engine/references.ts';
import { leafOf, readJournal, writeStep } from './journal.ts';
import { tell } from './timeline.ts';

/** A deed as whoever carries it out needs it. */
export interface BegunDeed {
  leaf: LeafStep;
  known: Known;
  practice: boolean;
  runbook: string;
  childRunId: string | null;
  /** When the execution began, in milliseconds. */
  startedAt: number;
  /** Who started the execution: runs that it starts are theirs. */
  actor: Actor;
}

const mostOutputBytes = 65_536;
const stateOf = (verb: DeedInput['verb']) => (verb === 'undo' ? 'undoing' : 'running');

/**
 * Before an attempt touches anything. Refuses (`run_over`) when the run belongs to a newer epoch or the step has moved on: an attempt that
 * was thought dead must not act after its step was decided upon.
 *
 * @returns null when an earlier attempt has reported it already, and only the answer was lost
 */
export async function beginDeed(ledger: Ledger, deed: DeedInput, now: number): Promise<BegunDeed | null> {
  return ledger.onRun<BegunDeed | null>(deed, async (em, run) => {
    const { step, key, childRunId } = await findStep(em, deed);
    const isReported = step.round === deed.round && (step.state === 'done' || step.state === 'undone');
    if (isReported) return { changed: false, result: null };
    refuseMoved(step, deed);
    const journal = await readJournal(em, run.id, now);
    await rows(em)`
      update run_steps set attempt = attempt + ${deed.verb === 'undo' ? 0 : 1}::int, undo_attempt = undo_attempt + ${deed.verb === 'undo' ? 1 : 0}::int
      where id = ${deed.stepId}`;
    const result = {
      ...{ leaf: leafOf(journal, key), practice: journal.practice, runbook: journal.runbook, childRunId },
      startedAt: journal.execution.startedAt ?? now,
      known: { inputs: journal.inputs, steps: journal.outputs },
      actor: run.actor,
    };
    return { changed: true, result };
  });
}

/** Before what cannot be taken back, in the middle of a deed. Refuses (`run_over`) when it was reported, or decided upon, meanwhile. */
export const refuseLate = (ledger: Ledger, deed: DeedInput): Promise<void> =>
  ledger.onRun(deed, async (em) => {
    refuseMoved((await findStep(em, deed)).step, deed);
    return { changed: false, result: undefined };
  });

function refuseMoved(step: StepRecord, deed: DeedInput): void {
  if (step.round !== deed.round || step.state !== stateOf(deed.verb) || step.waitsFor !== null)
    throw new DomainError('run_over', 'This step has moved on; a late attempt must not act.');
}

/** The deed is done; with what it tells, in one transaction. Too late for a step that has moved on. */
export async function finishDeed(ledger: Ledger, deed: DeedInput, output: object | null): Promise<void> {
  const text = json(output ?? {});
  if (Buffer.byteLength(text) > mostOutputBytes)
    throw new DomainError('output_invalid', 'What the step told is larger than 64 kB.');
  await report(ledger, deed, { state: deed.verb === 'undo' ? 'undone' : 'done', reason: null }, async (em) => {
    if (deed.verb !== 'undo')
      await rows(em)`update runbook_steps set output = ${text}::jsonb, progress = null where step_id = ${deed.stepId}`;
  });
}

/** The deed failed for good. */
export const failDeed = (ledger: Ledger, deed: DeedInput, reason: Reason): Promise<void> =>
  report(ledger, deed, { state: deed.verb === 'undo' ? 'undo_failed' : 'failed', reason });

/** An attempt failed and is going to be made again: the reason is shown meanwhile. */
export const noteDeed = (ledger: Ledger, deed: DeedInput, reason: Reason): Promise<void> =>
  ledger.onRun(deed, async (em) => {
    const noted = await rows(em)`
      update run_steps set reason_code = ${reason.code}, reason = ${reason.text}
      where id = ${deed.stepId} and state = ${stateOf(deed.verb)} returning id`;
    return { changed: noted.length > 0, result: undefined };
  });

/** How far it is, for who looks on. */
export const noteProgress = (ledger: Ledger, deed: DeedInput, progress: string): Promise<void> =>
  ledger.onRun(deed, async (em) => {
    const noted = await rows(em)`
      update runbook_steps set progress = ${progress.slice(0, 200)}
      where step_id = ${deed.stepId} and progress is distinct from ${progress.slice(0, 200)} returning 1`;
    return { changed: noted.length > 0, result: undefined };
  });

/** Opens the run that a workflow step starts, once: a repeated attempt finds it. */
export async function openChild(
  ledger: Ledger,
  deed: DeedInput,
  open: (em: Sql) => Promise<{ runId: string; output: Record<string, unknown> }>,
): Promise<{ runId: string; output: Record<string, unknown> }> {
  return ledger.onRun(deed, async (em) => {
    const [known] = await rows<{ runId: string | null; round: number | null; output: Record<string, unknown> | null }>(
      em,
    )`
      select child_run_id as "runId", (output->>'round')::int as round, output from runbook_steps where step_id = ${deed.stepId}`;
    if (known?.runId && known.round === deed.round)
      return { changed: false, result: { runId: known.runId, output: known.output ?? {} } };
    const opened = await open(em);
    const output = { ...opened.output, round: deed.round };
    await rows(
      em,
    )`update runbook_steps set child_run_id = ${opened.runId}, output = ${json(output)}::jsonb where step_id = ${deed.stepId}`;
    return { changed: true, result: { ...opened, output } };
  });
}

async function report(
  ledger: Ledger,
  deed: DeedInput,
  outcome: Pick<StepRecord, 'state' | 'reason'>,
  also: (em: Sql) => Promise<void> = async () => undefined,
): Promise<void> {
  await ledger.onRun(deed, async (em, run) => {
    const { step, key } = await findStep(em, deed);
    if (step.round !== deed.round || step.state !== stateOf(deed.verb)) return { changed: false, result: undefined };
    const [last] = await rows<{ ended: number }>(em)`
      select coalesce(max((record->>'ended')::int), 0) as ended from runbook_steps where run_id = ${run.id}`;
    const ended = deed.verb === 'undo' ? step.ended : (last?.ended ?? 0) + 1;
    await writeStep(em, deed.stepId, { ...step, ...outcome, ended, waitsFor: null });
    await also(em);
    const kind = { done: 'step.done', failed: 'step.failed', undone: 'step.undone', undo_failed: 'step.undo_failed' };
    await tell(
      em,
      run.id,
      {
        kind: kind[outcome.state as keyof typeof kind],
        step: key,
        note: outcome.reason?.text ?? null,
        data: outcome.reason ? { code: outcome.reason.code } : {},
      },
      theSystem,
    );
    return { changed: true, result: undefined };
  });
}

async function findStep(
  em: Sql,
  { runId, stepId }: PlatformRef & { stepId: string },
): Promise<{ step: StepRecord; key: string; childRunId: string | null }> {
  const [found] = await rows<{ record: StepRecord; key: string; childRunId: string | null }>(em)`
    select record, key, child_run_id as "childRunId" from runbook_steps where step_id = ${stepId} and run_id = ${runId}`;
  if (!found) throw new DomainError('not_found', 'There is no such step.');
  return { step: found.record, key: found.key, childRunId: found.childRunId };
}
