/**
 * `node packages/license/vectors/generate.ts`: writes vectors.json anew. Whoever writes another implementation runs all that is in it;
 * FORMAT.md tells how. Nothing random goes in, so the file changes only when the format does.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateLicenseKey, parseLicenseKey } from '../src/writing.ts';
import { allCases } from './cases.ts';
import type { Case } from './expected.ts';
import { licenseId, nextKey, stranger, vendor } from './issuer.ts';
import { records, seenSecret } from './records.ts';

export interface Vectors {
  /** What a case is given unless it says otherwise. */
  defaults: { product: string; now: string; keys: unknown[] };
  /** Where the signatures come from. */
  seeds: Record<string, string>;
  cases: Case[];
  licenseKeys: { typed: string; read: ReturnType<typeof parseLicenseKey> }[];
  records: { license: string; serial: number; number: number; at: string; secret: string; text: string }[];
}

export const place = join(import.meta.dirname, 'vectors.json');

export async function generate(): Promise<Vectors> {
  const key = generateLicenseKey((count) => Uint8Array.from({ length: count }, (_, at) => at * 11));
  const typed = [
    key,
    key.toLowerCase(),
    key.replaceAll('-', ''),
    generateLicenseKey(() => new Uint8Array(23)).replaceAll('0', 'o'),
    generateLicenseKey(() => new Uint8Array(23).fill(1)).replaceAll('1', 'L'),
    key.replace('-', ' – '),
    key.slice(1),
    `${key}A`,
    `U${key.slice(1)}`,
    `${key[1]}${key[0]}${key.slice(2)}`,
    `${key.slice(0, 5)}-${key.slice(12, 17)}-${key.slice(6, 11)}${key.slice(17)}`,
    `${key.slice(0, -2)}ZZ`,
    '',
  ];
  return {
    defaults: { product: 'atlas', now: '2026-06-15T12:00:00Z', keys: [vendor.jwk, nextKey.jwk] },
    seeds: { vendor: vendor.seed, nextKey: nextKey.seed, stranger: stranger.seed },
    cases: await allCases(),
    licenseKeys: typed.map((text) => ({ typed: text, read: parseLicenseKey(text) })),
    records: [
      { license: licenseId, serial: 3, number: 0, at: '2026-06-01T12:00:00Z', secret: seenSecret, text: records.june },
      { license: licenseId, serial: 3, number: 8, at: '2026-06-01T12:00:00Z', secret: seenSecret, text: records.list8 },
    ],
  };
}

export const written = async (): Promise<string> => `${JSON.stringify(await generate(), null, 1)}\n`;

if (import.meta.main) await writeFile(place, await written());
