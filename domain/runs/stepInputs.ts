import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { validate } from '../jsonSchemas.ts';
import { rows } from '../sql.ts';

/** Seals a step's input with its tenant's key: it may hold what only the tenant's own systems shall know. */
export type SealInput = (text: string, context: string) => Promise<Buffer>;

/** What one sealed input is: it cannot be passed off as another step's, or as an earlier one. */
export const inputContext = (stepId: string, number: number): string => `step-input/${stepId}/${number}`;

/**
 * A retry with an edited input adds one and keeps those before: each may have had an effect, so each keeps its undo.
 * Refuses with `decision_not_possible` where a step takes no input, `input_invalid` where it does not fit.
 */
export async function addEditedInput(em: Sql, stepId: string, input: unknown, seal: SealInput): Promise<number> {
  const [step] = await rows<{ kind: string; spec: { inputSchema?: Record<string, unknown> }; last: number }>(em)`
    select kind, spec, (select coalesce(max(number), 1) from step_inputs where step_id = s.id) as last
    from run_steps s where id = ${stepId}`;
  if (step?.kind !== 'http' && step?.kind !== 'custom')
    throw new DomainError('decision_not_possible', 'This step takes no input; retry it as it is.');
  const wrong = step.spec.inputSchema ? validate(step.spec.inputSchema, input) : [];
  if (wrong.length > 0)
    throw new DomainError('input_invalid', 'The input does not fit the schema of the step.', { fields: wrong });
  const number = step.last + 1;
  const sealed = await seal(JSON.stringify(input), inputContext(stepId, number));
  await rows(em)`insert into step_inputs (step_id, number, sealed) values (${stepId}, ${number}, ${sealed})`;
  return number;
}
