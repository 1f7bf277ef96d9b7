import type { BlueprintStep } from '#contracts/blueprints.ts';

/** What a step says when its author leaves it out. */
const defaults: Record<string, unknown> = {
  when: 'before',
  onFailure: 'rollback',
  skippable: false,
  irreversible: false,
  undo: null,
  undoUrl: null,
};

/** Steps as an author would write them: what goes without saying is left out. */
export const textOf = (steps: BlueprintStep[]): string => JSON.stringify(steps.map(briefly), null, 2);

export function briefly(step: BlueprintStep): Record<string, unknown> {
  const { kind, key, title, ...rest } = step;
  const said = Object.entries(rest).filter(([name, value]) => !(name in defaults) || defaults[name] !== value);
  return { key, kind, title, ...Object.fromEntries(said) };
}

export interface Parsed {
  steps: unknown[] | null;
  /** Why the text is no list of steps. */
  problem: { line: number | null; message: string } | null;
}

/** Reads what is typed; a message about text that is no JSON names the line. */
export function parseSteps(text: string): Parsed {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return { steps: value, problem: null };
    return { steps: null, problem: { line: 1, message: 'Must be a list of steps: [ … ]' } };
  } catch (error) {
    const { message } = error as Error;
    const at = /position (\d+)/.exec(message)?.[1];
    const line = at === undefined ? lineAt(text, text.length) : lineAt(text, Number(at));
    return { steps: null, problem: { line, message: `This is not JSON yet: ${message}` } };
  }
}

const lineAt = (text: string, position: number): number => text.slice(0, position).split('\n').length;

/** Where each value of a JSON text begins, by its dotted path below `root`; for text that `JSON.parse` takes. */
export function linesOf(text: string, root = 'steps'): Map<string, number> {
  const lines = new Map<string, number>();
  let at = 0;
  let line = 1;
  const skip = (count: number): string => {
    const skipped = text.slice(at, at + count);
    line += skipped.split('\n').length - 1;
    at += count;
    return skipped;
  };
  const match = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    return skip(pattern.exec(text)?.[0].length ?? 0);
  };
  const space = () => match(/\s*/y);
  const string = () => JSON.parse(match(/"(?:[^"\\]|\\.)*"/y)) as string;

  const value = (path: string): void => {
    space();
    lines.set(path, line);
    if (text[at] === '{')
      members('}', () => {
        const name = string();
        // A property begins with its name, which is where an author looks for it.
        const begins = line;
        space();
        skip(1); // the colon
        const below = path === '' ? name : `${path}.${name}`;
        value(below);
        lines.set(below, begins);
      });
    else if (text[at] === '[') {
      let index = 0;
      members(']', () => value(`${path}.${index++}`));
    } else if (text[at] === '"') string();
    else match(/[^\s,\]}]+/y);
  };
  const members = (end: string, member: () => void): void => {
    skip(1);
    for (space(); at < text.length && text[at] !== end; space()) {
      member();
      space();
      if (text[at] === ',') skip(1);
    }
    skip(1);
  };
  value(root);
  return lines;
}

/** The line of a path, or of the nearest thing around it that is there: what is missing has no line of its own. */
export function lineOf(lines: Map<string, number>, path: string): number | null {
  const parts = path.split('.');
  for (let count = parts.length; count > 0; count--) {
    const found = lines.get(parts.slice(0, count).join('.'));
    if (found !== undefined) return found;
  }
  return null;
}
