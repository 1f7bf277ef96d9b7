import type { StepInputView } from '#contracts/decisions.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { validate } from '../jsonSchemas.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { rows } from '../sql.ts';

/**
 * What one sealed input is, so that it cannot be passed off as another step's, or as an earlier one. Inputs rest under the
 * tenant's key: they may hold what only the tenant's own systems shall know.
 */
export const inputContext = (stepId: string, number: number): string => `step-input/${stepId}/${number}`;

/**
 * A retry with an edited input adds one and keeps those before: each may have had an effect, so each keeps its undo.
 * Refuses with `decision_not_possible` where a step takes no input, `input_invalid` where it does not fit.
 */
export async function addEditedInput(
  em: Sql,
  { tenantId, stepId }: { tenantId: string; stepId: string },
  input: unknown,
  keys: TenantKeys,
): Promise<number> {
  const [step] = await rows<{ kind: string; spec: { inputSchema?: Record<string, unknown> }; last: number }>(em)`
    select kind, spec, (select coalesce(max(number), 1) from step_inputs where step_id = s.id) as last
    from run_steps s where id = ${stepId}`;
  if (step?.kind !== 'http' && step?.kind !== 'custom')
    throw new DomainError('decision_not_possible', 'This step takes no input; retry it as it is.');
  const wrong = step.spec.inputSchema ? validate(step.spec.inputSchema, input) : [];
  if (wrong.length > 0)
    throw new DomainError('input_invalid', 'The input does not fit the schema of the step.', { fields: wrong });
  const number = step.last + 1;
  const sealed = await keys.sealFor(tenantId, JSON.stringify(input), inputContext(stepId, number));
  await rows(em)`insert into step_inputs (step_id, number, sealed) values (${stepId}, ${number}, ${sealed})`;
  return number;
}

/** The input that a step was tried with last. Refuses with `not_found` where the step takes none. */
export async function readInput(
  em: Sql,
  keys: TenantKeys,
  { runId, stepId }: { runId: string; stepId: string },
): Promise<StepInputView> {
  const [step] = await rows<{
    tenant_id: string;
    kind: string;
    spec: { inputSchema?: Record<string, unknown> };
    number: number | null;
    sealed: Buffer | null;
  }>(em)`
    select r.tenant_id, s.kind, s.spec, i.number, i.sealed
    from run_steps s join runs r on r.id = s.run_id
    left join lateral (select number, sealed from step_inputs where step_id = s.id order by number desc limit 1) i on true
    where s.id = ${stepId} and s.run_id = ${runId}`;
  if (step?.kind !== 'http' && step?.kind !== 'custom') throw new DomainError('not_found', 'There is no such input.');
  const { number, sealed, spec } = step;
  return {
    number: number ?? 1,
    input:
      number && sealed ? JSON.parse(await keys.unsealFor(step.tenant_id, sealed, inputContext(stepId, number))) : null,
    inputSchema: spec.inputSchema ?? null,
  };
}
