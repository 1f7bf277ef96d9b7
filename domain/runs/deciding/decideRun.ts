import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { Decision, DecisionKind } from '#contracts/decisions.ts';
import type { RunState } from '#contracts/runStates.ts';
import { hasNoWayBack, pausableKinds, type WorkflowKind } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';
import { lockRun, type LockedRun } from '../ledger.ts';
import type { TenantKeys } from '../../secrets/tenantKeys.ts';
import { addEditedInput } from '../stepInputs.ts';

/** What may be told to a run that stands still here, by what holds it. */
export function possibleDecisions(
  heldBy: string | null,
  step: { skippable: boolean } | null,
  kind: WorkflowKind,
): DecisionKind[] {
  // What it has done to thousands is not taken back; it goes on, or is cancelled and stays where it is.
  if (hasNoWayBack.includes(kind)) return heldBy === null || waitsForTimes(heldBy) ? [] : ['continue'];
  const skip: DecisionKind[] = step?.skippable ? ['skip'] : [];
  if (heldBy === 'decision') return ['retry', ...skip, 'roll_back'];
  if (heldBy === 'pause' || heldBy === 'breakpoint' || heldBy === 'approval') return ['continue', ...skip, 'roll_back'];
  return [];
}

const waitsForTimes = (heldBy: string): boolean => heldBy === 'provisioning' || heldBy.startsWith('circuit:');

/**
 * Writes a decision by compare-and-set on the run's version: who decides must have seen the run as it is. Delivering it to the
 * workflow comes after the commit and is repeated by the reconciler.
 *
 * Refuses with `not_found`, `run_moved_on`, `decision_not_possible`, `input_invalid`.
 *
 * @returns the decision's id, which the signal carries
 */
export async function decideRun(
  em: Sql,
  runId: string,
  { version, decision, input }: Decision,
  actor: Actor,
  keys: TenantKeys,
): Promise<{ decisionId: string; version: number }> {
  const run = await lockRun(em, runId);
  if (run.version !== version)
    throw new DomainError('run_moved_on', 'The run has moved on since you looked. Look again, then decide.', {
      extra: { version: run.version },
    });
  const inputNumber = await promiseInput(em, run, { decision, input }, keys);
  return writeDecision(em, run, decision, actor, inputNumber);
}

/** The same for a run that is locked and known to be as it was seen. */
export async function writeDecision(
  em: Sql,
  run: LockedRun,
  decision: DecisionKind,
  actor: Actor,
  inputNumber: number | null = null,
): Promise<{ decisionId: string; version: number }> {
  const held = await heldStepOf(em, run.id);
  if (!held || run.cancelRequestedAt || !possibleDecisions(run.heldBy, held, run.kind).includes(decision))
    throw new DomainError('decision_not_possible', whyNot(run, decision));

  const decisionId = newId();
  const written = await rows(em)`
    insert into decisions (id, run_id, step_id, epoch, park, kind, input_number, reason_code, run_version, actor_id, request_id)
    values (${decisionId}, ${run.id}, ${held.stepId}, ${run.epoch}, ${run.park}, ${decision}, ${inputNumber},
            ${held.reasonCode}, ${run.version}, ${actor.userId}, ${actor.requestId})
    on conflict (run_id, epoch, park) do nothing returning id`;
  if (written.length === 0) throw new DomainError('run_moved_on', 'Somebody has decided already.');
  await appendEvent(
    em,
    {
      stream: `run:${run.id}`,
      type: 'run.decided',
      tenantId: run.tenantId,
      data: { decision, step: held.title, edited: inputNumber !== null },
    },
    actor,
  );
  return { decisionId, version: await touch(em, run.id) };
}

async function promiseInput(
  em: Sql,
  run: LockedRun,
  { decision, input }: Pick<Decision, 'decision' | 'input'>,
  keys: TenantKeys,
): Promise<number | null> {
  if (input === undefined) return null;
  const held = await heldStepOf(em, run.id);
  if (decision !== 'retry' || !held || !run.tenantId)
    throw new DomainError('decision_not_possible', 'Only a retry takes another input.');
  return addEditedInput(em, { tenantId: run.tenantId, stepId: held.stepId }, input, keys);
}

interface HeldStep {
  stepId: string;
  skippable: boolean;
  title: string;
  reasonCode: string | null;
}

async function heldStepOf(em: Sql, runId: string): Promise<HeldStep | null> {
  const [held] = await rows<HeldStep>(em)`
    select s.id as "stepId", s.skippable, s.title, s.reason_code as "reasonCode"
    from runs r join run_steps s on s.id = r.held_step_id where r.id = ${runId}`;
  return held ?? null;
}

function whyNot(run: LockedRun, decision: DecisionKind): string {
  if (run.cancelRequestedAt) return 'The run is being cancelled.';
  if (decision === 'skip' && run.heldBy) return 'This step may not be skipped: its blueprint does not allow it.';
  if (run.heldBy === 'provisioning') return 'Provisioning is paused on the whole platform; resume it there.';
  if (run.heldBy) return `A run that is held by "${run.heldBy}" cannot be told to ${decision.replace('_', ' ')}.`;
  return 'The run does not wait for a decision.';
}

/** Neither over nor on its way back. */
export const goesOn = (run: { state: RunState; cancelRequestedAt?: Date | string | null | undefined }): boolean =>
  ['queued', 'running', 'waiting', 'paused'].includes(run.state) && !run.cancelRequestedAt;

/**
 * Asks a run to stop before its next step. Asking twice is asking once. Refuses with `not_found`, `run_not_pausable`.
 *
 * @returns the run's version
 */
export async function requestPause(em: Sql, runId: string, actor: Actor): Promise<number> {
  const run = await lockRun(em, runId);
  if (!goesOn(run) || !pausableKinds.includes(run.kind))
    throw new DomainError('run_not_pausable', `A ${run.kind} run that is ${run.state} cannot be paused.`);
  if (run.pauseRequestedAt) return run.version;
  await rows(em)`update runs set pause_requested_at = now(), pause_requested_by = ${actor.userId} where id = ${runId}`;
  await appendEvent(em, { stream: `run:${runId}`, type: 'run.pause_requested', tenantId: run.tenantId }, actor);
  return touch(em, runId);
}

/**
 * Lets a paused run go on: takes a pause back that it has not come to yet, or decides that it continues.
 * Refuses with `not_found`, `decision_not_possible`, `run_moved_on`.
 *
 * @returns the id of the decision, where it took one
 */
export async function resumeRun(
  em: Sql,
  runId: string,
  actor: Actor,
): Promise<{ decisionId: string | null; version: number }> {
  const run = await lockRun(em, runId);
  if (!run.pauseRequestedAt) throw new DomainError('decision_not_possible', 'Nobody has asked this run to pause.');
  if (run.heldBy === 'pause') return writeDecision(em, run, 'continue', actor);
  await rows(em)`update runs set pause_requested_at = null, pause_requested_by = null where id = ${runId}`;
  await appendEvent(em, { stream: `run:${runId}`, type: 'run.pause_withdrawn', tenantId: run.tenantId }, actor);
  return { decisionId: null, version: await touch(em, runId) };
}

/**
 * Sets or clears a breakpoint before a step that has not begun. Refuses with `not_found`, `step_begun`.
 *
 * @returns the run's version
 */
export async function setBreakpoint(
  em: Sql,
  { runId, stepId }: { runId: string; stepId: string },
  on: boolean,
  actor: Actor,
): Promise<number> {
  const run = await lockRun(em, runId);
  const [step] = await rows<{ state: string; kind: string; breakpoint: boolean; title: string }>(em)`
    select state, kind, breakpoint, title from run_steps where id = ${stepId} and run_id = ${runId}`;
  if (!step) throw new DomainError('not_found', 'There is no such step.');
  if (step.state !== 'pending' || step.kind === 'fixed' || !pausableKinds.includes(run.kind))
    throw new DomainError(
      'step_begun',
      'A breakpoint can be set only before a step of the blueprint that has not begun.',
    );
  if (step.breakpoint === on) return run.version;
  await rows(em)`update run_steps set breakpoint = ${on} where id = ${stepId}`;
  const type = on ? 'run.breakpoint_set' : 'run.breakpoint_cleared';
  await appendEvent(em, { stream: `run:${runId}`, type, tenantId: run.tenantId, data: { step: step.title } }, actor);
  return touch(em, runId);
}

async function touch(em: Sql, runId: string): Promise<number> {
  const [row] = await rows<{ version: number }>(em)`
    update runs set version = version + 1 where id = ${runId} returning version`;
  return row?.version ?? 0;
}
