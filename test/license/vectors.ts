import { readFileSync } from 'node:fs';
import type { Case, Given } from '#packages/license/vectors/expected.ts';
import { place, type Vectors } from '#packages/license/vectors/generate.ts';
import type { Asked, PinnedKey, Verdict, VerifierOptions } from '#packages/license/src/index.ts';

export const vectors = JSON.parse(readFileSync(place, 'utf8')) as Vectors;

export const textOf = ({ text, blanks = 0 }: Case): string => text + ' '.repeat(blanks);

/** What a case is given, as a verifier and a question. */
export function givenTo(given: Given): { options: VerifierOptions; asked: Asked } {
  const { product, now, keys } = { ...vectors.defaults, ...given };
  const { revocations, seenSecret, clockToleranceSeconds, tenant, machine, usage, licenseKey, lastSeen, minSerial } =
    given;
  return {
    options: {
      product,
      keys: keys as PinnedKey[],
      revocations,
      clockToleranceSeconds,
      seenSecret: seenSecret === undefined ? undefined : Uint8Array.from(Buffer.from(seenSecret, 'hex')),
      clock: () => Date.parse(now),
    },
    asked: { tenant, machine, usage, licenseKey, lastSeen, minSerial },
  };
}

/** A verdict as vectors say it. */
export const told = ({ state, action, until, warnings, license }: Verdict) => ({
  state,
  action,
  until,
  warnings: [...warnings],
  serial: license?.serial ?? null,
});
