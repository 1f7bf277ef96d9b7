import { LicenseError } from '../errors.ts';
import { canonicalJson, parseCanonical } from '../format/canonicalJson.ts';
import { readDate, writeDate } from '../format/dates.ts';
import { matching, patterns, record, whole } from '../format/shape.ts';

/** What was known when a licence was last used: time, serial and list do not go back behind it. */
export interface Seen {
  /** The licence's id. */
  license: string;
  serial: number;
  /** The number of the newest revocation list; 0: none. */
  number: number;
  /** Milliseconds since 1970, whole seconds. */
  at: number;
}

const longest = 1024;
const recordMembers = ['at', 'license', 'mac', 'number', 'serial', 'typ', 'v'];

/** A record without its MAC as the MAC is over it, and the MAC. Throws {@link LicenseError} when it is no such record. */
export function readSeen(text: string): { seen: Seen; unsigned: string; mac: string } {
  if (text.length > longest) throw new LicenseError('too_large', 'It is no record of a last use.');
  const { mac, ...members } = record(parseCanonical(text), recordMembers, 'record');
  if (members['typ'] !== 'tenantry-seen' || members['v'] !== 1)
    throw new LicenseError('malformed', 'It is no record of a last use.');
  matching(members['license'], patterns.uuid, 'license');
  matching(mac, patterns.kid, 'mac');
  whole(members['serial'], 1, Number.MAX_SAFE_INTEGER, 'serial');
  whole(members['number'], 0, Number.MAX_SAFE_INTEGER, 'number');
  const { license, serial, number } = members as unknown as Seen;
  const seen = { license, serial, number, at: readDate(members['at']) };
  return { seen, unsigned: canonicalJson(members), mac: mac as string };
}

/** What a MAC is computed over, and how the record is put together from both. */
export const writeSeen = ({ at, ...rest }: Seen): { unsigned: string; withMac: (mac: string) => string } => {
  const members = { ...rest, at: writeDate(at), typ: 'tenantry-seen', v: 1 };
  return { unsigned: canonicalJson(members), withMac: (mac) => canonicalJson({ ...members, mac }) };
};

/** The later of both in every respect. Another licence's record keeps its time and its list. */
export const laterSeen = (now: Seen, before: Seen | null): Seen => ({
  license: now.license,
  serial: Math.max(now.serial, before?.license === now.license ? before.serial : 0),
  number: Math.max(now.number, before?.number ?? 0),
  at: Math.max(now.at, before?.at ?? 0),
});
