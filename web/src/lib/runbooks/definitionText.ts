import type { RunbookDefinition } from '#contracts/runbooks/runbooks.ts';
import type { RunbookStep } from '#contracts/runbooks/steps.ts';

/** What the parts of a runbook say when their author leaves it out. */
const stepDefaults: Record<string, unknown> = {
  instructions: '',
  budgetSeconds: null,
  onOverrun: 'tell',
  onFailure: 'wait',
  skippable: true,
  practice: null,
  undo: null,
  params: {},
  on: 'registry',
  timeoutSeconds: undefined,
  expect: {},
  tells: [],
  message: '',
  asks: [],
  among: [],
  undoActivity: null,
};
const inputDefaults = { help: '', choices: [], required: true, default: null };

/** As an author would write it: what goes without saying is left out. */
export function textOf({ title, summary, budgetSeconds, exclusive, inputs, steps }: RunbookDefinition): string {
  const brief = {
    title,
    ...(summary && { summary }),
    ...(budgetSeconds !== null && { budgetSeconds }),
    ...(exclusive !== 'inputs' && { exclusive }),
    ...(inputs.length > 0 && { inputs: inputs.map((input) => without(inputDefaults, input)) }),
    steps: steps.map(briefly),
  };
  return JSON.stringify(brief, null, 2);
}

function briefly(step: RunbookStep): Record<string, unknown> {
  const { kind, id, title } = step;
  if ('steps' in step) return { kind, id, title, steps: step.steps.map(briefly) };
  return { kind, id, title, ...without({ ...stepDefaults, kind, id, title }, step) };
}

const without = (defaults: Record<string, unknown>, given: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(given).filter(
      ([name, value]) => !(name in defaults) || JSON.stringify(defaults[name]) !== JSON.stringify(value),
    ),
  );

export interface ParsedDefinition {
  definition: Record<string, unknown> | null;
  problem: { line: number; message: string } | null;
}

/** Reads what is typed; a message about text that is no JSON names the line. */
export function parseDefinition(text: string): ParsedDefinition {
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === 'object' && !Array.isArray(value))
      return { definition: value as Record<string, unknown>, problem: null };
    return { definition: null, problem: { line: 1, message: 'Must be a runbook: { "title": …, "steps": [ … ] }' } };
  } catch (error) {
    const { message } = error as Error;
    const at = /position (\d+)/.exec(message)?.[1];
    const line = text.slice(0, at === undefined ? text.length : Number(at)).split('\n').length;
    return { definition: null, problem: { line, message: `This is not JSON yet: ${message}` } };
  }
}
