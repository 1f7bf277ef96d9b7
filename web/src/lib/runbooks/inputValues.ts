import type { InputValues, RunbookInput } from '#contracts/runbooks/runbooks.ts';
import { localText, momentOf } from '#lib/danger/localMoment.ts';

/** What stands in the fields of a form: text as typed, or whether a box is ticked. */
export type Typed = Record<string, string | boolean>;

/** What the fields say before anybody types: what was chosen before, else what the runbook proposes. */
export const typedFrom = (inputs: readonly RunbookInput[], chosen: InputValues = {}): Typed =>
  Object.fromEntries(
    inputs.map(({ name, type, default: proposed }) => {
      const value = chosen[name] ?? proposed;
      if (type === 'boolean') return [name, value === true];
      if (type === 'time') return [name, typeof value === 'string' ? localText(value) : ''];
      return [name, value === null ? '' : String(value)];
    }),
  );

/** As the API takes them: what is left empty is left out, so that what is required is asked for. */
export function valuesOf(inputs: readonly RunbookInput[], typed: Typed): InputValues {
  const values: InputValues = {};
  for (const { name, type } of inputs) {
    const value = typed[name];
    if (typeof value === 'boolean') values[name] = value;
    else if (value === undefined || value.trim() === '') continue;
    else if (type === 'number') values[name] = Number(value);
    else if (type === 'time') values[name] = momentOf(value) ?? value;
    else values[name] = value.trim();
  }
  return values;
}
