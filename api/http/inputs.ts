import type { z } from 'zod';
import { DomainError, type FieldError } from '#contracts/errors.ts';
import { fieldsOf } from '#contracts/fields.ts';
import { nothing } from '../route.ts';

const mostFields = 50;

/** Parses by a route's schema. Refuses (`invalid_request`) with the path of everything that is wrong. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  if ((schema as z.ZodType) === nothing && isEmpty(value)) return value as z.output<Schema>; // most of what most routes take
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalid(fieldsOf(parsed.error.issues));
  const unstorable = [...unstorableTexts(parsed.data, '')];
  if (unstorable.length > 0) throw invalid(unstorable);
  return parsed.data;
}

function isEmpty(value: unknown): boolean {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
  for (const _name in value) return false;
  return true;
}

const invalid = (fields: FieldError[]): DomainError =>
  new DomainError('invalid_request', 'Some of what was sent is not valid.', { fields: fields.slice(0, mostFields) });

/** PostgreSQL stores neither NUL nor half a surrogate pair; what passes a schema may still hold them. */
function* unstorableTexts(value: unknown, path: string): Generator<FieldError> {
  if (typeof value === 'string') {
    if (value.includes('\0') || !value.isWellFormed())
      yield { path, message: 'must not have NUL characters or broken Unicode' };
    return;
  }
  if (value === null || typeof value !== 'object') return;
  for (const [key, inner] of Object.entries(value)) {
    const innerPath = path ? `${path}.${key}` : key;
    yield* unstorableTexts(key, innerPath);
    yield* unstorableTexts(inner, innerPath);
  }
}
