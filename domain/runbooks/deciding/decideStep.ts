import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { ManualCompletion, StepDecision, StepVerdict } from '#contracts/runbooks/executions.ts';
import type { LeafStep } from '#contracts/runbooks/steps.ts';
import { whoMayDecide } from '../../approvals/whoMayDecide.ts';
import type { Sql } from '../../database.ts';
import type { Actor } from '../../events/appendEvent.ts';
import { lockRun } from '../../runs/ledger.ts';
import { json, rows } from '../../sql.ts';
import { possibleDecisions, type StepRecord, type Told } from '../engine/state.ts';
import { leafOf, readJournal, type Journal } from '../executing/journal.ts';
import { tell, type WordsKey } from '../executing/timeline.ts';

/** What the caller does after the commit: announces the version, and wakes the workflow. */
export interface ToldExecution {
  version: number;
  workflowId: string;
}

export interface StepPlace {
  runId: string;
  stepId: string;
}

/**
 * What a person decides about a step, by compare-and-set on the execution's version: who decides must have seen it as it is, and of two at
 * once one is heard. Refuses with `not_found`, `run_moved_on`, `decision_not_possible`.
 */
export async function decideStep(
  em: Sql,
  keyring: WordsKey,
  place: StepPlace,
  given: StepDecision,
  actor: Actor,
): Promise<ToldExecution> {
  const { decision, reason } = given;
  return onStep(em, place, given.version, async ({ step, leaf, journal, key }) => {
    const possible = possibleDecisions(step, leaf, journal.execution.direction);
    if (journal.execution.cancelRequested || !possible.includes(decision))
      throw new DomainError('decision_not_possible', `This step cannot be told to ${decision} now.`);
    await hear(em, place.stepId, { kind: decision });
    const words = { keyring, text: reason };
    await tell(em, place.runId, { kind: 'decided', step: key, words, data: { decision } }, actor);
  });
}

/**
 * Who did a manual step says so, and what it came to. Refuses with `not_found`, `run_moved_on`, `decision_not_possible`, `input_invalid`
 * where what the step asks for is not told.
 */
export async function completeStep(
  em: Sql,
  keyring: WordsKey,
  place: StepPlace,
  given: ManualCompletion,
  actor: Actor,
): Promise<ToldExecution> {
  const { outcome, note, answers } = given;
  return onStep(em, place, given.version, async ({ step, leaf, key }) => {
    const isUndo = step.state === 'undoing';
    if (step.told || step.waitsFor !== 'person' || (!isUndo && leaf.kind !== 'manual'))
      throw new DomainError('decision_not_possible', 'Nobody waits for this step to be done by hand.');
    if (outcome === 'done' && !isUndo) refuseMissing(leaf, answers);
    const failed = { kind: 'failed', reason: 'Who did it says that it failed.', code: 'reported_failed' } as const;
    await hear(em, place.stepId, outcome === 'done' ? { kind: 'done' } : failed);
    await rows(em)`
      update runbook_steps set completed_by = ${actor.userId}::uuid,
        output = case when ${outcome === 'done' && !isUndo} then ${json(answers)}::jsonb else output end
      where step_id = ${place.stepId}`;
    const words = { keyring, text: note };
    await tell(em, place.runId, { kind: 'completed', step: key, words, data: { outcome } }, actor);
  });
}

/** Refuses with `input_invalid` what a manual step asks for and was not told, or told otherwise. */
export function refuseMissing(leaf: LeafStep, answers: Record<string, unknown>): void {
  const asks = leaf.kind === 'manual' ? leaf.asks : [];
  const kinds = { text: 'string', number: 'number', boolean: 'boolean' } as const;
  const fields = [
    ...asks.flatMap(({ name, type, required }) => {
      const told = answers[name];
      if (told === undefined || told === '')
        return required ? [{ path: `answers.${name}`, message: 'is missing' }] : [];
      return typeof told === kinds[type] ? [] : [{ path: `answers.${name}`, message: `must be ${type}` }];
    }),
    ...Object.keys(answers)
      .filter((name) => !asks.some((ask) => ask.name === name))
      .map((name) => ({ path: `answers.${name}`, message: 'is unknown' })),
  ];
  if (fields.length > 0) throw new DomainError('input_invalid', 'The step asks for something else.', { fields });
}

/**
 * One person's word on what is executed, for good in this round. Refuses with `not_found` whom it does not concern, `approval_invalid` what
 * was seen of another version or with other inputs, `approval_own`, `approval_decided`, `approval_over`.
 */
export async function approveStep(
  em: Sql,
  keyring: WordsKey,
  place: StepPlace,
  { boundTo, verdict, note }: StepVerdict,
  deciderId: string,
  actor: Actor,
): Promise<ToldExecution> {
  return onStep(em, place, null, async ({ step, leaf, journal, key, startedBy }) => {
    if (leaf.kind !== 'approval' || step.waitsFor !== 'approval' || step.told)
      throw new DomainError('approval_over', 'Nobody waits for an approval of this step.');
    const [clock] = await rows<{ now: string }>(em)`select clock_timestamp() as now`;
    if (step.until !== null && Date.parse(String(clock?.now)) >= step.until)
      throw new DomainError('approval_over', 'It was not approved in time.');
    if (boundTo !== journal.boundTo || journal.execution.broken)
      throw new DomainError('approval_invalid', 'What you have seen is not what would be carried out. Look again.');
    if (leaf.notByStarter && startedBy === deciderId)
      throw new DomainError('approval_own', 'Nobody approves what they started themselves: somebody else must.');
    if (!(await mayApprove(em, leaf.among, deciderId))) throw new DomainError('not_found', 'There is no such step.');
    const written = await rows(em)`
      insert into runbook_approvals (step_id, round, user_id, bound_to, verdict)
      values (${place.stepId}, ${step.round}, ${deciderId}, ${boundTo}, ${verdict}) on conflict do nothing returning 1`;
    if (written.length === 0) throw new DomainError('approval_decided', 'You have decided on this already.');
    const kind = verdict === 'approve' ? 'approved' : 'refused';
    const data = { boundTo, round: step.round };
    await tell(em, place.runId, { kind, step: key, words: { keyring, text: note }, data }, actor);
  });
}

async function mayApprove(em: Sql, among: string[], userId: string): Promise<boolean> {
  if (!(await whoMayDecide(em, null)).has(userId)) return false;
  if (among.length === 0) return true;
  const named = await rows(em)`
    select 1 from users where id = ${userId} and tenant_id is null and lower(email) = any(${among.map((email) => email.toLowerCase())}::text[])`;
  return named.length > 0;
}

const hear = (em: Sql, stepId: string, told: Told): Promise<unknown> =>
  rows(
    em,
  )`update runbook_steps set record = jsonb_set(record, '{told}', ${json(told)}::jsonb) where step_id = ${stepId}`;

interface Found {
  step: StepRecord;
  leaf: LeafStep;
  key: string;
  journal: Journal;
  startedBy: string | null;
}

async function onStep(
  em: Sql,
  { runId, stepId }: StepPlace,
  seen: number | null,
  change: (found: Found) => Promise<void>,
): Promise<ToldExecution> {
  return onExecution(em, runId, seen, async (startedBy) => {
    const journal = await readJournal(em, runId, Date.now());
    const [key] = [...journal.stepIds].find(([, id]) => id === stepId) ?? [];
    if (key === undefined) throw new DomainError('not_found', 'There is no such step.');
    await change({ journal, key, leaf: leafOf(journal, key), step: journal.execution.steps.get(key)!, startedBy });
  });
}

/** One change of an execution that is not over. Refuses with `not_found`, `run_moved_on`, `run_over`. */
export async function onExecution(
  em: Sql,
  runId: string,
  seen: number | null,
  change: (startedBy: string | null) => Promise<void>,
): Promise<ToldExecution> {
  const run = await lockRun(em, runId);
  if (run.kind !== 'executeRunbook') throw new DomainError('not_found', 'There is no such execution.');
  if (seen !== null && run.version !== seen)
    throw new DomainError('run_moved_on', 'It has moved on since you looked. Look again, then decide.', {
      extra: { version: run.version },
    });
  if (runIsOver(run.state)) throw new DomainError('run_over', `The execution has ended (${run.state}).`);
  await change(run.actor.userId);
  const [row] = await rows<{ version: number; workflow_id: string }>(em)`
    update runs set version = version + 1 where id = ${runId} returning version, workflow_id`;
  return { version: row!.version, workflowId: row!.workflow_id };
}
