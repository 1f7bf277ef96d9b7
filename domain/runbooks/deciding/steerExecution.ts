import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import type { Actor } from '../../events/appendEvent.ts';
import { json, rows } from '../../sql.ts';
import type { StepRecord } from '../engine/state.ts';
import { tell, type WordsKey } from '../executing/timeline.ts';
import { onExecution, type StepPlace, type ToldExecution } from './decideStep.ts';

/** Stops before the next step; what is under way comes to its end. Refuses with `not_found`, `run_over`, `run_not_pausable`. */
export const pauseExecution = (
  em: Sql,
  keyring: WordsKey,
  runId: string,
  reason: string,
  actor: Actor,
): Promise<ToldExecution> =>
  onExecution(em, runId, null, async () => {
    const paused = await rows(em)`
      update runs set pause_requested_at = now(), pause_requested_by = ${actor.userId}
      where id = ${runId} and pause_requested_at is null and state <> 'rolling_back' returning 1`;
    if (paused.length === 0) throw new DomainError('run_not_pausable', 'It is paused already, or on its way back.');
    await tell(em, runId, { kind: 'paused', words: { keyring, text: reason } }, actor);
  });

/** Refuses with `not_found`, `run_over`, `decision_not_possible`. */
export const resumeExecution = (
  em: Sql,
  keyring: WordsKey,
  runId: string,
  reason: string,
  actor: Actor,
): Promise<ToldExecution> =>
  onExecution(em, runId, null, async () => {
    const resumed = await rows(em)`
      update runs set pause_requested_at = null, pause_requested_by = null
      where id = ${runId} and pause_requested_at is not null returning 1`;
    if (resumed.length === 0) throw new DomainError('decision_not_possible', 'Nobody has asked it to pause.');
    await tell(em, runId, { kind: 'resumed', words: { keyring, text: reason } }, actor);
  });

/** Refuses with `not_found`, `run_over`, `step_begun`. */
export const breakBefore = (em: Sql, { runId, stepId }: StepPlace, on: boolean, actor: Actor): Promise<ToldExecution> =>
  onExecution(em, runId, null, async () => {
    const [step] = await rows<{ key: string; record: StepRecord }>(em)`
      select key, record from runbook_steps where run_id = ${runId} and step_id = ${stepId}`;
    if (!step) throw new DomainError('not_found', 'There is no such step.');
    if (step.record.state !== 'pending')
      throw new DomainError('step_begun', 'A breakpoint can be set only before a step that has not begun.');
    await rows(em)`
      update runbook_steps set record = jsonb_set(record, '{breakpoint}', ${json(on)}::jsonb) where step_id = ${stepId}`;
    await rows(em)`update run_steps set breakpoint = ${on} where id = ${stepId}`;
    await tell(em, runId, { kind: on ? 'breakpoint_set' : 'breakpoint_cleared', step: step.key }, actor);
  });

/** What somebody wants to be remembered. Refuses with `not_found`, `run_over`. */
export const noteOnExecution = (
  em: Sql,
  keyring: WordsKey,
  runId: string,
  note: string,
  actor: Actor,
): Promise<ToldExecution> =>
  onExecution(em, runId, null, () => tell(em, runId, { kind: 'note', words: { keyring, text: note } }, actor));
