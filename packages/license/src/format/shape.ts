import type { Entitlement } from '../claims.ts';
import { LicenseError } from '../errors.ts';

/** The pieces that claims are checked with. Each throws {@link LicenseError} `malformed` and says which member, never what it held. */
const wrong = (what: string): never => {
  throw new LicenseError('malformed', `“${what}” is not as the format asks.`);
};

/**
 * An object with exactly these members. They were read from canonical text, so they stand in order and one comparison tells:
 * missing ones, others, and names like `__proto__`.
 */
export function record(value: unknown, members: readonly string[], what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(what);
  const names = Object.keys(value);
  if (names.length !== members.length) return wrong(what);
  for (let at = 0; at < names.length; at += 1) if (names[at] !== members[at]) return wrong(what);
  return value as Record<string, unknown>;
}

export const whole = (value: unknown, least: number, most: number, what: string): void => {
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most) wrong(what);
};

export const wholeOrNull = (value: unknown, least: number, most: number, what: string): void => {
  if (value !== null) whole(value, least, most, what);
};

export const matching = (value: unknown, pattern: RegExp, what: string): void => {
  if (typeof value !== 'string' || !pattern.test(value)) wrong(what);
};

export const truth = (value: unknown, what: string): void => {
  if (typeof value !== 'boolean') wrong(what);
};

export const oneOf = (value: unknown, allowed: readonly string[], what: string): void => {
  if (!allowed.includes(value as string)) wrong(what);
};

export function list(value: unknown, what: string): readonly unknown[] {
  return Array.isArray(value) ? value : wrong(what);
}

const meterMembers = ['limit', 'per'];

export function entitlementsOf(value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong('entitlements');
  let previous = '';
  for (const name of Object.keys(value)) {
    matching(name, patterns.entitlement, 'entitlements');
    if (name < previous) return wrong('entitlements');
    previous = name;
    const one = (value as Record<string, Entitlement>)[name];
    if (typeof one !== 'object' || one === null || Array.isArray(one)) return wrong('entitlements');
    const kinds = Object.keys(one);
    const kind = kinds[0];
    if (kinds.length !== 1) return wrong('entitlements');
    if (kind === 'flag') truth((one as { flag: unknown }).flag, 'entitlements.flag');
    else if (kind === 'number') {
      if (typeof (one as { number: unknown }).number !== 'number') return wrong('entitlements.number');
    } else if (kind === 'meter') {
      const meter = record((one as { meter: unknown }).meter, meterMembers, 'entitlements.meter');
      wholeOrNull(meter['limit'], 0, Number.MAX_SAFE_INTEGER, 'entitlements.meter.limit');
      oneOf(meter['per'], ['day', 'month', 'term'], 'entitlements.meter.per');
    } else return wrong('entitlements');
  }
}

export const patterns = {
  kid: /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/,
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  product: /^[a-z0-9][a-z0-9-]{0,62}$/,
  entitlement: /^[a-z][a-z0-9_.-]{0,62}$/,
  fingerprint: /^[0-9a-f]{64}$/,
  /** Any text of one line that people can read. */
  name: /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]{1,100}$/u,
  reason: /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]{0,200}$/u,
};
