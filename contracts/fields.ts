import type { z } from 'zod';
import type { FieldError } from './errors.ts';

const longestPath = 200;

/** What a schema complains of, as the fields of a refusal. */
export const fieldsOf = (issues: readonly z.core.$ZodIssue[]): FieldError[] => issues.flatMap(fieldsOfOne);

function fieldsOfOne(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: shortened([...path, key].join('.')), message: 'is unknown' }));
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return [{ path: shortened(path.join('.')), message: message.replace(/^Invalid input: /, '') }];
}

const shortened = (path: string): string => (path.length > longestPath ? `${path.slice(0, longestPath)}…` : path);
