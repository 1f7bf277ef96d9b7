import type { CustomStep, HttpStep } from '#contracts/blueprints.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { validate } from '../jsonSchemas.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { json, rows } from '../sql.ts';

/** A step's output as it rests: what an outside service tells of a tenant is the tenant's, and goes with its key. */
interface RestingOutput {
  sealed: string;
}

const largestOutput = 64 * 1024;
const contextOf = (stepId: string): string => `step-output/${stepId}`;

/**
 * Keeps what a step told, for those after it. Refuses with `output_invalid`, naming the place and the rule, never the value.
 */
export async function keepOutput(
  em: Sql,
  keys: TenantKeys,
  { tenantId, stepId }: { tenantId: string; stepId: string },
  output: unknown,
): Promise<void> {
  const [step] = await rows<{ spec: HttpStep | CustomStep }>(em)`select spec from run_steps where id = ${stepId}`;
  if (!step) throw new Error(`there is no step ${stepId}`);
  checkOutput(step.spec, output);
  if (!isObject(output)) return; // Nothing that a later step could refer to.
  const resting: RestingOutput = {
    sealed: (await keys.sealFor(tenantId, json(output), contextOf(stepId))).toString('base64'),
  };
  await rows(em)`update run_steps set output = ${json(resting)}::jsonb where id = ${stepId}`;
}

export function checkOutput({ outputSchema }: HttpStep | CustomStep, output: unknown): void {
  if (json(output ?? null).length > largestOutput)
    throw new DomainError('output_invalid', `The answer is larger than ${largestOutput / 1024} kB.`);
  const wrong = outputSchema ? validate(outputSchema, output ?? null) : [];
  if (wrong.length === 0) return;
  const [{ path, message }] = wrong as [(typeof wrong)[0]];
  throw new DomainError(
    'output_invalid',
    `The answer does not fit the step's schema: ${path === '' ? 'it' : `"${path}"`} ${message}.`,
    { fields: wrong },
  );
}

export async function openOutput(
  keys: TenantKeys,
  { tenantId, stepId }: { tenantId: string; stepId: string },
  output: unknown,
): Promise<Record<string, unknown>> {
  if (!isObject(output) || typeof output['sealed'] !== 'string') return {};
  const text = await keys.unsealFor(tenantId, Buffer.from(output['sealed'], 'base64'), contextOf(stepId));
  return JSON.parse(text) as Record<string, unknown>;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
