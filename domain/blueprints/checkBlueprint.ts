import { BlueprintStep, mostSteps } from '#contracts/blueprints.ts';
import type { FieldError } from '#contracts/errors.ts';
import { fieldsOf } from '#contracts/fields.ts';
import { checkSchema, validate } from '../jsonSchemas.ts';
import { outputsOfKind, providerKinds } from '../resources/providerKinds.ts';
import { checkReferences } from './checkReferences.ts';

const mostProblems = 100;

export interface CheckedBlueprint {
  /** In their stored form: every default written out. Only meaningful when there are no problems. */
  steps: BlueprintStep[];
  problems: FieldError[];
}

/** A step that has the right form, with its place among all that were given. */
export interface Placed {
  step: BlueprintStep;
  at: number;
}

/** Everything that is wrong with the steps of a blueprint, at once; a step of the wrong form does not hide the others' problems. */
export function checkBlueprint(given: readonly unknown[]): CheckedBlueprint {
  const placed: Placed[] = [];
  const problems: FieldError[] = [];
  if (given.length === 0) problems.push({ path: 'steps', message: 'must have at least one step' });
  if (given.length > mostSteps) problems.push({ path: 'steps', message: `must have at most ${mostSteps} steps` });
  for (const [at, one] of given.slice(0, mostSteps).entries()) {
    const parsed = BlueprintStep.safeParse(one);
    if (parsed.success) placed.push({ step: parsed.data, at });
    else problems.push(...below(`steps.${at}`, fieldsOf(parsed.error.issues)));
  }
  for (const one of placed)
    problems.push(...below(`steps.${one.at}`, [...checkOrder(one, placed), ...checkKind(one, placed)]));
  problems.push(...checkReferences(placed, given));
  return { steps: placed.map(({ step }) => step), problems: problems.slice(0, mostProblems) };
}

export const below = (above: string, problems: FieldError[]): FieldError[] =>
  problems.map(({ path, message }) => ({ path: path ? `${above}.${path}` : above, message }));

/** What is around every blueprint's steps. */
const fixedKeys = new Set(['address', 'doors']);

function checkOrder({ step, at }: Placed, placed: Placed[]): FieldError[] {
  const earlier = placed.filter((other) => other.at < at).map((other) => other.step);
  const problems: FieldError[] = [];
  if (fixedKeys.has(step.key)) problems.push({ path: 'key', message: 'is the name of a fixed step' });
  if (earlier.some(({ key }) => key === step.key))
    problems.push({ path: 'key', message: `is used by an earlier step: "${step.key}"` });
  if (step.when === 'before' && earlier.some(({ when }) => when === 'after'))
    problems.push({ path: 'when', message: 'must not be before the doors when an earlier step is after them' });
  return problems;
}

function checkKind({ step, at }: Placed, placed: Placed[]): FieldError[] {
  switch (step.kind) {
    case 'resource': {
      const isTwice = placed.some(
        (other) => other.at < at && other.step.kind === 'resource' && other.step.provider === step.provider,
      );
      return [
        ...(outputsOfKind(step.provider) ? [] : [{ path: 'provider', message: `is unknown: ${known}` }]),
        ...(isTwice ? [{ path: 'provider', message: 'is used by an earlier step: a tenant has one of a kind' }] : []),
        ...checkIsBefore(step),
      ];
    }
    case 'check':
      return checkIsBefore(step);
    case 'http':
      return [...checkUndo(step, 'undoUrl', step.undoUrl), ...checkSchemas(step)];
    case 'custom':
      return [...checkUndo(step, 'undo', step.undo), ...checkSchemas(step)];
  }
}

const known = `must be one of ${[...providerKinds.keys()].join(', ')}`;

/** What is behind the doors is what they open to. */
const checkIsBefore = ({ when }: BlueprintStep): FieldError[] =>
  when === 'before' ? [] : [{ path: 'when', message: 'must be before the doors open' }];

type RemoteStep = Extract<BlueprintStep, { kind: 'http' | 'custom' }>;

/** Before the doors open everything can be taken back; what cannot comes after. */
function checkUndo({ when, irreversible }: RemoteStep, name: string, undo: string | null): FieldError[] {
  if (when === 'after') return [];
  if (irreversible) return [{ path: 'irreversible', message: 'must come after the doors open: set "when" to "after"' }];
  return undo === null
    ? [{ path: name, message: 'is missing: what is done before the doors open must have an undo' }]
    : [];
}

function checkSchemas({ input, inputSchema, outputSchema }: RemoteStep): FieldError[] {
  const problems = [
    ...(inputSchema ? below('inputSchema', checkSchema(inputSchema)) : []),
    ...(outputSchema ? below('outputSchema', checkSchema(outputSchema)) : []),
  ];
  const isConstant = input !== undefined && !/"\$(?:from|tenant)"/.test(JSON.stringify(input));
  if (isConstant && inputSchema && problems.length === 0)
    problems.push(...below('input', validate(inputSchema, input)));
  return problems;
}
