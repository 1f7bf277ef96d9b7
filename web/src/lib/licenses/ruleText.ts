export interface ParsedRules {
  rules: object | null;
  /** Why the text is no rules. */
  problem: { line: number | null; message: string } | null;
}

/** Reads what is typed; a message about text that is no JSON names the line. */
export function parseRules(text: string): ParsedRules {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { rules: value, problem: null };
    return { rules: null, problem: { line: 1, message: 'Must be an object: { … }' } };
  } catch (error) {
    const { message } = error as Error;
    const at = /position (\d+)/.exec(message)?.[1];
    const line = text.slice(0, at === undefined ? text.length : Number(at)).split('\n').length;
    return { rules: null, problem: { line, message: `This is not JSON yet: ${message}` } };
  }
}
