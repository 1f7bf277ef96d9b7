import type { BlueprintStep } from '#contracts/blueprints.ts';
import { briefly } from './stepText.ts';

export interface StepChange {
  key: string;
  title: string;
  kind: 'added' | 'removed' | 'changed' | 'moved';
  /** Field by field, as JSON; null where one side says nothing. */
  fields: { name: string; before: string | null; after: string | null }[];
}

/** What one version of a blueprint does otherwise than another; steps are the same by their key. */
export function diffSteps(before: BlueprintStep[], after: BlueprintStep[]): StepChange[] {
  const known = new Map(before.map((step) => [step.key, step]));
  const kept = new Set(after.map(({ key }) => key));
  const orderBefore = before.filter(({ key }) => kept.has(key)).map(({ key }) => key);
  const orderAfter = after.filter(({ key }) => known.has(key)).map(({ key }) => key);

  const changes = after.flatMap((step): StepChange[] => {
    const { key, title } = step;
    const was = known.get(key);
    if (!was) return [{ key, title, kind: 'added', fields: diffFields({}, briefly(step)) }];
    const fields = diffFields(briefly(was), briefly(step));
    const isMoved = orderBefore.indexOf(key) !== orderAfter.indexOf(key);
    if (fields.length === 0 && !isMoved) return [];
    return [{ key, title, kind: fields.length > 0 ? 'changed' : 'moved', fields }];
  });
  const removed = before
    .filter(({ key }) => !kept.has(key))
    .map(({ key, title }): StepChange => ({ key, title, kind: 'removed', fields: [] }));
  return [...changes, ...removed];
}

function diffFields(before: Record<string, unknown>, after: Record<string, unknown>): StepChange['fields'] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => name !== 'key');
  return names
    .map((name) => ({ name, before: textOf(before[name]), after: textOf(after[name]) }))
    .filter((field) => field.before !== field.after);
}

const textOf = (value: unknown): string | null =>
  value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value);
