import { tenantFacts, type BlueprintStep } from '#contracts/blueprints.ts';
import type { FieldError } from '#contracts/errors.ts';
import { outputsOfKind } from '../resources/providerKinds.ts';
import type { Placed } from './checkBlueprint.ts';

/** Every place where an input stands for a value that only the run will know must lead to one. */
export function checkReferences(placed: Placed[], given: readonly unknown[]): FieldError[] {
  const keys = given.map((step) => (step as { key?: unknown } | null)?.key);
  return placed.flatMap(({ step, at }) => {
    if (!('input' in step)) return [];
    return [...referencesIn(step.input, `steps.${at}.input`)].flatMap(({ path, reference }) => {
      const message = problemOf(reference, at, { placed, keys });
      return message === null ? [] : [{ path, message }];
    });
  });
}

/** An object that has one of the two marks; what else it has is said to be wrong. */
type Reference = Record<string, unknown>;

function* referencesIn(value: unknown, path: string): Generator<{ path: string; reference: Reference }> {
  if (value === null || typeof value !== 'object') return;
  if ('$from' in value || '$tenant' in value) return yield { path, reference: value as Reference };
  for (const [key, inner] of Object.entries(value)) yield* referencesIn(inner, `${path}.${key}`);
}

function problemOf(
  reference: Reference,
  at: number,
  { placed, keys }: { placed: Placed[]; keys: unknown[] },
): string | null {
  if (Object.keys(reference).length > 1) return 'must hold nothing besides the reference';
  if ('$tenant' in reference)
    return (tenantFacts as readonly unknown[]).includes(reference['$tenant'])
      ? null
      : `must be one of ${tenantFacts.join(', ')}`;

  const [, key, field] = /^steps\.([^.]+)\.([^.]+)$/.exec(textOf(reference['$from'])) ?? [];
  if (key === undefined || field === undefined) return 'must be "steps.<key>.<field>"';
  const found = placed.find(({ step }) => step.key === key);
  // One that has not the right form is told already.
  if (!found) return keys.includes(key) ? null : `refers to an unknown step: "${key}"`;
  if (found.at === at) return 'refers to the step itself';
  if (found.at > at) return `refers forward: "${key}" comes later`;
  if (found.step.when === 'after') return `refers to "${key}", which nobody waits for once the doors are open`;
  return tells(found.step, field) ? null : `refers to a field that "${key}" does not tell: "${field}"`;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What a step's output is known to have. */
function tells(step: BlueprintStep, field: string): boolean {
  if (step.kind === 'resource') return outputsOfKind(step.provider)?.includes(field) ?? true;
  if (step.kind === 'check') return false;
  const declared = step.outputSchema?.['properties'];
  return typeof declared === 'object' && declared !== null && Object.hasOwn(declared, field);
}
