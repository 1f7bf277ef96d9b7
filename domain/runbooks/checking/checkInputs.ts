import type { Finding, InputValues, RunbookInput } from '#contracts/runbooks/runbooks.ts';
import { DomainError, type FieldError } from '#contracts/errors.ts';
import { finding } from './findings.ts';

/** What is wrong with the inputs that a runbook asks for. */
export function checkInputs(inputs: readonly RunbookInput[]): Finding[] {
  return inputs.flatMap((input, at) => {
    const path = `inputs.${at}`;
    const isTaken = inputs.slice(0, at).some(({ name }) => name === input.name);
    const wrongDefault = input.default === null ? null : whyNot(input, input.default);
    return [
      ...(isTaken ? [finding('input_taken', `${path}.name`, `is used by an earlier input: "${input.name}"`)] : []),
      ...(input.type === 'choice' && input.choices.length === 0
        ? [finding('input_choices', `${path}.choices`, 'must offer at least one')]
        : []),
      ...(wrongDefault ? [finding('form_invalid', `${path}.default`, wrongDefault)] : []),
    ];
  });
}

/** Every input with its value, defaults filled in. Refuses with `input_invalid`, every field at once. */
export function readInputs(inputs: readonly RunbookInput[], given: InputValues): InputValues {
  const values: InputValues = Object.fromEntries(
    inputs.map(({ name, default: usual }) => [name, given[name] ?? usual]),
  );
  const missing = inputs.filter(({ name, required }) => required && isNothing(values[name]));
  refuse([
    ...wrongAmong(inputs, given, values),
    ...missing.map(({ name }) => ({ path: `inputs.${name}`, message: 'is missing' })),
  ]);
  return values;
}

/** The same of what is given alone: what is still missing is no refusal. */
export const readGiven = (inputs: readonly RunbookInput[], given: InputValues): void =>
  refuse(wrongAmong(inputs, given, given));

const isNothing = (value: InputValues[string] | undefined): value is null | undefined | '' =>
  value === undefined || value === null || value === '';

function wrongAmong(inputs: readonly RunbookInput[], given: InputValues, values: InputValues): FieldError[] {
  const unknown = Object.keys(given).filter((name) => !inputs.some((input) => input.name === name));
  return [
    ...unknown.map((name) => ({ path: `inputs.${name}`, message: 'is unknown' })),
    ...inputs.flatMap((input) => {
      const value = values[input.name];
      const wrong = isNothing(value) ? null : whyNot(input, value);
      return wrong ? [{ path: `inputs.${input.name}`, message: wrong }] : [];
    }),
  ];
}

function refuse(fields: FieldError[]): void {
  if (fields.length > 0) throw new DomainError('input_invalid', 'The inputs do not fit the runbook.', { fields });
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function whyNot({ type, choices }: RunbookInput, value: string | number | boolean): string | null {
  switch (type) {
    case 'number':
      return typeof value === 'number' ? null : 'must be a number';
    case 'boolean':
      return typeof value === 'boolean' ? null : 'must be true or false';
    case 'text':
      return typeof value === 'string' ? null : 'must be text';
    case 'choice':
      return typeof value === 'string' && choices.includes(value) ? null : `must be one of ${choices.join(', ')}`;
    case 'tenant':
      return typeof value === 'string' && uuid.test(value) ? null : "must be a tenant's id";
    case 'time':
      return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value))
        ? null
        : 'must be a time (RFC 3339)';
  }
}
