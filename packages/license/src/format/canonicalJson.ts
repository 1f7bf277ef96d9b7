import { LicenseError } from '../errors.ts';

const deepest = 32;

/**
 * One text for each value, after RFC 8785 (JSON Canonicalization Scheme): no blanks, keys in the order of their UTF-16 code units,
 * numbers and texts as ECMAScript writes them. Members that are undefined are left out.
 * Throws {@link LicenseError} `malformed` for what JSON cannot hold: no number, half a surrogate pair, more than 32 levels.
 */
export function canonicalJson(value: unknown, depth = 0): string {
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new LicenseError('malformed', 'A text holds half of a surrogate pair.');
    return JSON.stringify(value);
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new LicenseError('malformed', 'A number is not finite.');
    return JSON.stringify(value);
  }
  if (typeof value !== 'object') throw new LicenseError('malformed', `JSON has no ${typeof value}.`);
  if (depth >= deepest) throw new LicenseError('malformed', `More than ${deepest} levels.`);
  if (Array.isArray(value)) return `[${value.map((one) => canonicalJson(one, depth + 1)).join(',')}]`;
  const members = value as Record<string, unknown>;
  const written = Object.keys(members)
    .filter((key) => members[key] !== undefined)
    .sort(byCodeUnits)
    .map((key) => `${canonicalJson(key)}:${canonicalJson(members[key], depth + 1)}`);
  return `{${written.join(',')}}`;
}

/** What a text means, if it is the one text for it. Throws {@link LicenseError} `malformed` or `not_canonical`. */
export function parseCanonical(text: string): unknown {
  const value = parse(text);
  if (canonicalJson(value) !== text) throw notCanonical();
  return value;
}

/**
 * The same in a third of the time, for a `read` that takes an object with its keys in order only and throws `malformed` otherwise:
 * of what `JSON.stringify` gives back as it was, nothing but the order of keys and halves of surrogate pairs can be wrong.
 */
export function readCanonical<Read>(text: string, read: (value: unknown) => Read): Read {
  const value = parse(text);
  try {
    if (JSON.stringify(value) === text && !text.includes('\\ud')) return read(value);
  } catch (error) {
    // The reader may have stumbled over the order.
    if (canonicalJson(value) === text) throw error;
    throw notCanonical(error);
  }
  if (canonicalJson(value) !== text) throw notCanonical();
  return read(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LicenseError('malformed', 'It is no JSON.', { cause: error });
  }
}

const notCanonical = (cause?: unknown): LicenseError =>
  new LicenseError('not_canonical', 'It is not written as RFC 8785 asks.', { cause });

const byCodeUnits = (one: string, other: string): number => (one < other ? -1 : 1);
