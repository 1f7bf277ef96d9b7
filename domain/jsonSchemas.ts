import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { FieldError } from '#contracts/errors.ts';

/** Compiling is recursive and slow on large schemas; what describes one step's input or output is far smaller. */
const longestText = 20_000;
const deepest = 32;
const mostProblems = 50;
const keptCompiled = 200;

export type JsonSchema = Record<string, unknown>;

/** Everything that is wrong with a JSON Schema (draft 2020-12); empty when values can be validated by it. */
export function checkSchema(schema: JsonSchema): FieldError[] {
  if (JSON.stringify(schema).length > longestText)
    return [{ path: '', message: `must have at most ${longestText} characters` }];
  if (depthOf(schema) > deepest) return [{ path: '', message: `must be at most ${deepest} levels deep` }];
  try {
    if (!judge.validateSchema(schema)) return problemsOf(judge.errors);
    newAjv().compile(schema);
    return [];
  } catch (error) {
    // What the meta-schema cannot say: an unknown keyword, a pattern that is none, a reference to nowhere, another draft.
    return [{ path: '', message: (error as Error).message }];
  }
}

/** What in `value` is not as the schema asks: paths and rules, never the values themselves. The schema was checked before. */
export function validate(schema: JsonSchema, value: unknown): FieldError[] {
  const isValid = compiled(schema);
  return isValid(value) ? [] : problemsOf(isValid.errors);
}

/** Knows the meta-schemas; makes nothing of what it judges. */
const judge = newAjv();

const cache = new Map<string, ValidateFunction>();

function compiled(schema: JsonSchema): ValidateFunction {
  const text = JSON.stringify(schema);
  const known = cache.get(text);
  if (known) return known;
  if (cache.size >= keptCompiled) cache.delete(cache.keys().next().value ?? '');
  const made = newAjv().compile(schema);
  cache.set(text, made);
  return made;
}

/** One for each schema: two authors may give theirs the same `$id`. References lead into the schema itself only. */
function newAjv(): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: true,
    strictTypes: false,
    strictTuples: false,
    validateSchema: false,
    logger: false,
  });
  formats.default(ajv);
  return ajv;
}

const problemsOf = (errors: ErrorObject[] | null | undefined): FieldError[] =>
  (errors ?? []).slice(0, mostProblems).map(problemOf);

/** In the words of the API's other refusals. */
function problemOf({ keyword, instancePath, params, message }: ErrorObject): FieldError {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const at = (...more: string[]): string => [...path, ...more].join('.');
  if (keyword === 'required') return { path: at(String(params['missingProperty'])), message: 'is missing' };
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties')
    return { path: at(String(params['additionalProperty'] ?? params['unevaluatedProperty'])), message: 'is unknown' };
  return { path: at(), message: message ?? 'is not valid' };
}

function depthOf(value: unknown, above = 0): number {
  if (value === null || typeof value !== 'object' || above > deepest) return above;
  return Math.max(above, ...Object.values(value).map((inner) => depthOf(inner, above + 1)));
}
