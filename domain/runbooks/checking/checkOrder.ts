import type { Finding, RunbookDefinition } from '#contracts/runbooks/runbooks.ts';
import { isHolding, type LeafStep, type RunbookStep } from '#contracts/runbooks/steps.ts';
import { toldBy } from '../catalogue.ts';
import { isReference, placeholdersIn, sourceOf } from '../engine/references.ts';
import { finding } from './findings.ts';

/** Every reference leads to an input, or to what a step tells that is over by then. */
export function checkOrder({ inputs, steps }: RunbookDefinition, given: unknown): Finding[] {
  const names = new Set(inputs.map(({ name }) => name));
  const all = new Map(leavesIn(steps).map((leaf) => [leaf.id, leaf]));
  const paths = pathsById((given as { steps: unknown[] }).steps, 'steps');
  const findings: Finding[] = [];
  const look = (leaf: LeafStep, before: ReadonlySet<string>): void => {
    for (const { path, from, isAfter } of referencesOf(leaf)) {
      const over = isAfter ? new Set([...before, leaf.id]) : before;
      const wrong = whyWrong(from, { names, all, before: over });
      if (wrong) findings.push(finding(wrong.code, `${paths.get(leaf.id) ?? leaf.id}.${path}`, wrong.message));
    }
  };
  /** @returns what is over once they are */
  const walk = (
    list: readonly RunbookStep[],
    kind: 'sequence' | 'parallel',
    before: ReadonlySet<string>,
  ): Set<string> => {
    const over = new Set(before);
    for (const step of list) {
      const known = kind === 'sequence' ? new Set(over) : before;
      if (isHolding(step)) for (const id of walk(step.steps, step.kind, known)) over.add(id);
      else {
        look(step, known);
        over.add(step.id);
      }
    }
    return over;
  };
  walk(steps, 'sequence', new Set());
  return findings;
}

const leavesIn = (steps: readonly RunbookStep[]): LeafStep[] =>
  steps.flatMap((step) => (isHolding(step) ? leavesIn(step.steps) : [step]));

function pathsById(steps: unknown[], at: string): Map<string, string> {
  return new Map(
    steps.flatMap((step, index): [string, string][] => {
      const { id, steps: inner } = (step ?? {}) as { id?: unknown; steps?: unknown };
      const path = `${at}.${index}`;
      return [
        ...(typeof id === 'string' ? ([[id, path]] as [string, string][]) : []),
        ...(Array.isArray(inner) ? pathsById(inner, `${path}.steps`) : []),
      ];
    }),
  );
}

interface Found {
  path: string;
  from: unknown;
  /** Of a compensation: its own step is over by then. */
  isAfter?: true;
}

function referencesOf(leaf: LeafStep): Found[] {
  const texts = (['instructions', 'message', 'url'] as const).flatMap((name) => {
    const text = (leaf as Record<string, unknown>)[name];
    return typeof text === 'string' ? placeholdersIn(text).map((from) => ({ path: name, from })) : [];
  });
  const undo = leaf.undo?.kind === 'action' ? inValue(leaf.undo.params, 'undo.params') : [];
  const instead =
    typeof leaf.practice === 'object' && leaf.practice !== null
      ? inValue(leaf.practice.instead, 'practice.instead')
      : [];
  const values = (['params', 'body', 'expect'] as const).flatMap((name) =>
    inValue((leaf as Record<string, unknown>)[name], name),
  );
  // A compensation comes after its step: it may say what that told.
  return [...texts, ...values, ...instead, ...undo.map((one) => ({ ...one, isAfter: true as const }))];
}

function inValue(value: unknown, path: string): Found[] {
  if (value === null || typeof value !== 'object') return [];
  if (isReference(value)) return [{ path, from: Object.keys(value).length > 1 ? null : value.$from }];
  return Object.entries(value).flatMap(([key, inner]) => inValue(inner, `${path}.${key}`));
}

function whyWrong(
  from: unknown,
  known: { names: ReadonlySet<string>; all: ReadonlyMap<string, LeafStep>; before: ReadonlySet<string> },
):
  | (Pick<Finding, 'message'> & {
      code: 'reference_invalid' | 'reference_unknown' | 'reference_forward' | 'reference_not_told';
    })
  | null {
  const source = sourceOf(from);
  if (!source)
    return {
      code: 'reference_invalid',
      message: 'must be "inputs.<name>" or "steps.<id>.<field>", and nothing besides',
    };
  if (source.of === 'inputs')
    return known.names.has(source.name)
      ? null
      : { code: 'reference_unknown', message: `refers to an unknown input: "${source.name}"` };
  const told = known.all.get(source.id);
  if (!told) return { code: 'reference_unknown', message: `refers to an unknown step: "${source.id}"` };
  if (!known.before.has(source.id))
    return { code: 'reference_forward', message: `refers to "${source.id}", which is not over by then` };
  if (toldBy(told)?.includes(source.field) === false)
    return {
      code: 'reference_not_told',
      message: `refers to a field that "${source.id}" does not tell: "${source.field}"`,
    };
  return null;
}
