import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { openAnchors } from '#domain/audit/anchors/openAnchors.ts';
import { readExport } from '#domain/audit/exporting/readExport.ts';
import type { PublicKey } from '#domain/audit/statements.ts';
import type { Finding } from '#domain/audit/verifying/findings.ts';
import { verifyExport } from '#domain/audit/verifying/verifyExport.ts';
import { callersPath } from '../callersPath.ts';
import { Unable } from '../exitCodes.ts';

const Key = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), kid: z.string() });
const Keys = z.union([z.object({ keys: z.array(Key) }), z.object({ items: z.array(Key) }), z.array(Key), Key]);

/** Says what is wrong with an export, if anything. Throws {@link Unable} when that cannot be found out. */
export async function verifyFile(
  file: string,
  { anchors, key, json }: { anchors?: string; key?: string; json: boolean },
  say: (text: string) => void,
): Promise<boolean> {
  const path = callersPath(file);
  const means = {
    keys: key === undefined ? [] : await readKeys(key),
    anchors: anchors === undefined ? null : await placeOf(anchors),
  };
  const verified = await verifyExport(readExport(path), means).catch((error: unknown) => {
    throw new Unable(`The export could not be read: ${(error as Error).message}`, { cause: error });
  });
  const isIntact = verified.findings.length === 0;
  if (json) say(JSON.stringify({ intact: isIntact, ...verified }, null, 2));
  else {
    say(
      `${file}: ${verified.entries} entries in ${verified.chains} chains, exported ${verified.at ?? '?'} by installation ${verified.installation ?? '?'}`,
    );
    if (anchors !== undefined) say(`compared with ${verified.anchors} anchors`);
    for (const one of verified.findings) say(`✖ ${textOf(one)}`);
    for (const note of verified.notes) say(`· ${note}`);
    say(verdictOf(verified.findings.length, key !== undefined));
  }
  return isIntact;
}

/** Whoever writes an export anew signs it with keys of their own: without a key from elsewhere it is judged by itself alone. */
function verdictOf(findings: number, isPinned: boolean): string {
  if (findings > 0) return `NOT INTACT: ${findings} findings.`;
  return isPinned
    ? 'INTACT: nothing was changed.'
    : 'CONSISTENT: nothing was changed since the keys in it signed it. Whether they are yours, --key tells.';
}

const textOf = ({ kind, chain, text }: Finding): string =>
  `${kind.padEnd(10)} ${chain === null ? '' : `chain ${chain}: `}${text}`;

export async function readKeys(file: string): Promise<PublicKey[]> {
  try {
    const read = Keys.parse(JSON.parse(await readFile(callersPath(file), 'utf8')));
    if (Array.isArray(read)) return read;
    return 'keys' in read ? read.keys : 'items' in read ? read.items : [read];
  } catch (error) {
    throw new Unable(`The keys in ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Anchors that are not there would make an old copy look whole. */
async function placeOf(where: string) {
  if (where.startsWith('s3://')) return openAnchors(where);
  const path = callersPath(where);
  await stat(path).catch((error: Error) => {
    throw new Unable(`The anchors cannot be read: ${error.message}`, { cause: error });
  });
  return openAnchors(path);
}
