import type { RunbookChange, RunbookDefinition } from '#contracts/runbooks/runbooks.ts';
import { isHolding, type RunbookStep } from '#contracts/runbooks/steps.ts';

/** What became of each thing between two versions. Steps are known by their ids, wherever they lie. */
export function diffVersions(before: RunbookDefinition, after: RunbookDefinition): RunbookChange[] {
  const head = (['title', 'summary', 'budgetSeconds', 'exclusive'] as const).flatMap((name) =>
    changedAt(name, before[name], after[name]),
  );
  const inputs = compare(
    new Map(before.inputs.map((input) => [input.name, { place: '', fields: input }])),
    new Map(after.inputs.map((input) => [input.name, { place: '', fields: input }])),
    'inputs',
  );
  return [...head, ...inputs, ...compare(placed(before.steps), placed(after.steps), 'steps')];
}

interface Placed {
  /** What holds it, and what comes before it there. */
  place: string;
  fields: object;
}

function placed(steps: readonly RunbookStep[], within = ''): Map<string, Placed> {
  const found = new Map<string, Placed>();
  for (const [at, step] of steps.entries()) {
    const place = `${within || 'the runbook'}, after ${steps[at - 1]?.id ?? 'its beginning'}`;
    const { steps: inner, ...fields } = isHolding(step) ? step : { ...step, steps: null };
    found.set(step.id, { place, fields });
    if (inner) for (const [id, one] of placed(inner, step.id)) found.set(id, one);
  }
  return found;
}

function compare(before: Map<string, Placed>, after: Map<string, Placed>, path: string): RunbookChange[] {
  const removed = [...before].flatMap(([id, { fields }]): RunbookChange[] =>
    after.has(id) ? [] : [{ path: `${path}.${id}`, kind: 'removed', before: fields, after: null }],
  );
  const rest = [...after].flatMap(([id, { place, fields }]): RunbookChange[] => {
    const was = before.get(id);
    if (!was) return [{ path: `${path}.${id}`, kind: 'added', before: null, after: fields }];
    const names = new Set([...Object.keys(was.fields), ...Object.keys(fields)]);
    return [
      ...(was.place === place
        ? []
        : [{ path: `${path}.${id}`, kind: 'moved' as const, before: was.place, after: place }]),
      ...[...names].flatMap((name) =>
        changedAt(`${path}.${id}.${name}`, was.fields[name as never], fields[name as never]),
      ),
    ];
  });
  return [...removed, ...rest];
}

const changedAt = (path: string, before: unknown, after: unknown): RunbookChange[] =>
  JSON.stringify(before) === JSON.stringify(after)
    ? []
    : [{ path, kind: 'changed', before: before ?? null, after: after ?? null }];
