import type { CustomStep, HttpStep } from '#contracts/blueprints.ts';
import { DomainError } from '#contracts/errors.ts';
import type { StepInput } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { validate } from '../jsonSchemas.ts';
import type { Platform } from '../platform.ts';
import { inputContext } from '../runs/stepInputs.ts';
import { json, rows } from '../sql.ts';
import { knownTo } from './knownTo.ts';
import { resolveInput } from './resolveInput.ts';

/** What is asked of whoever serves a step outside. Opaque ids, and what the blueprint's author chose to send along. */
export interface OutsideCall {
  tenantId: string;
  runId: string;
  stepId: string;
  /** Which of the step's inputs: each has an effect, and an undo, of its own. */
  number: number;
  verb: 'act' | 'undo';
  input: unknown;
}

/** What repeats a call and what is another one: the same over all attempts, for services that are asked twice. */
export const idempotencyIdOf = ({ stepId, number, verb }: OutsideCall): string => `${stepId}.${number}.${verb}`;

export interface PreparedCall<Spec> {
  call: OutsideCall;
  spec: Spec;
}

interface StepRow<Spec> {
  /** Whose act it is: of a step that completes another run's rollback, that one's. */
  id: string;
  run_id: string;
  spec: Spec;
}

/**
 * What the act is asked with: the input as it was given, with its references resolved, kept before anything is asked, so that the
 * undo takes the same. Refuses with `input_invalid`.
 */
export async function prepareAct<Spec extends HttpStep | CustomStep>(
  { registry, tenantKeys }: Pick<Platform, 'registry' | 'tenantKeys'>,
  { tenantId, stepId, inputNumber: number = 1 }: StepInput,
): Promise<PreparedCall<Spec>> {
  const em = registry.em.fork();
  const step = await stepOf<Spec>(em, stepId);
  const called = { tenantId, runId: step.run_id, stepId: step.id, number, verb: 'act' as const };
  const kept = await keptInput(em, step.id, number);
  if (kept) {
    const text = await tenantKeys.unsealFor(tenantId, kept.sealed, inputContext(step.id, number));
    return { call: { ...called, input: JSON.parse(text) as unknown }, spec: step.spec };
  }
  const known = await knownTo(em, tenantKeys, { tenantId, runId: step.run_id });
  const input = resolveInput(step.spec.input ?? {}, known, (reference) => {
    throw new DomainError('input_invalid', `The input refers to "${reference}", which was not told.`);
  });
  const wrong = step.spec.inputSchema ? validate(step.spec.inputSchema, input) : [];
  if (wrong[0])
    throw new DomainError(
      'input_invalid',
      `The input does not fit its schema: ${at(wrong[0].path)} ${wrong[0].message}.`,
    );
  const sealed = await tenantKeys.sealFor(tenantId, json(input), inputContext(step.id, number));
  await rows(em)`
    insert into step_inputs (step_id, number, sealed) values (${step.id}, ${number}, ${sealed}) on conflict do nothing`;
  return { call: { ...called, input }, spec: step.spec };
}

/** What the undo is asked with; null when nobody was reached by the act, or it is undone already. */
export async function prepareUndo<Spec extends HttpStep | CustomStep>(
  { registry, tenantKeys }: Pick<Platform, 'registry' | 'tenantKeys'>,
  { tenantId, stepId, inputNumber: number = 1 }: StepInput,
): Promise<PreparedCall<Spec> | null> {
  const em = registry.em.fork();
  const step = await stepOf<Spec>(em, stepId);
  const kept = await keptInput(em, step.id, number);
  if (!kept?.reached || kept.undone) return null;
  const text = await tenantKeys.unsealFor(tenantId, kept.sealed, inputContext(step.id, number));
  const input = JSON.parse(text) as unknown;
  return { call: { tenantId, runId: step.run_id, stepId: step.id, number, verb: 'undo', input }, spec: step.spec };
}

/** From here on the act may have happened; written before anything is said. True when nobody had been reached before. */
export async function markReached(
  em: Sql,
  { stepId, number }: Pick<OutsideCall, 'stepId' | 'number'>,
): Promise<boolean> {
  const first = await rows(em)`
    update step_inputs set reached_at = now()
    where step_id = ${stepId} and number = ${number} and reached_at is null returning 1`;
  return first.length > 0;
}

/** It is certain that nobody took the act: there is nothing to undo. */
export async function markNeverReached(
  em: Sql,
  { stepId, number }: Pick<OutsideCall, 'stepId' | 'number'>,
): Promise<void> {
  await rows(em)`update step_inputs set reached_at = null where step_id = ${stepId} and number = ${number}`;
}

export async function markUndone(em: Sql, { stepId, number }: Pick<OutsideCall, 'stepId' | 'number'>): Promise<void> {
  await rows(em)`
    update step_inputs set undone_at = coalesce(undone_at, now())
    where number = ${number}
      and step_id = (select coalesce((spec->>'undoes')::uuid, id) from run_steps where id = ${stepId})`;
}

/** The inputs whose acts may have happened and are not undone, the newest first. */
export async function inputsToUndo(em: Sql, stepId: string): Promise<number[]> {
  const step = await stepOf(em, stepId);
  const found = await rows<{ number: number }>(em)`
    select number from step_inputs
    where step_id = ${step.id} and reached_at is not null and undone_at is null order by number desc`;
  return found.map(({ number }) => number);
}

async function stepOf<Spec>(em: Sql, stepId: string): Promise<StepRow<Spec>> {
  const [step] = await rows<StepRow<Spec>>(em)`
    select s.id, s.run_id, s.spec from run_steps asked
    join run_steps s on s.id = coalesce((asked.spec->>'undoes')::uuid, asked.id) where asked.id = ${stepId}`;
  if (!step) throw new Error(`there is no step ${stepId}`);
  return step;
}

async function keptInput(
  em: Sql,
  stepId: string,
  number: number,
): Promise<{ sealed: Buffer; reached: boolean; undone: boolean } | null> {
  const [kept] = await rows<{ sealed: Buffer; reached: boolean; undone: boolean }>(em)`
    select sealed, reached_at is not null as reached, undone_at is not null as undone
    from step_inputs where step_id = ${stepId} and number = ${number}`;
  return kept ?? null;
}

const at = (path: string): string => (path === '' ? 'it' : `"${path}"`);
