import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  createVerifier,
  LicenseError,
  type LicenseClaims,
  type PinnedKey,
  type Verdict,
} from '#packages/license/src/index.ts';
import { readKeys } from '../audit/verifyFile.ts';
import { callersPath } from '../callersPath.ts';
import { Unable } from '../exitCodes.ts';

export interface LicenseOptions {
  key: string;
  product?: string;
  tenant?: string;
  machine?: string;
  licenseKey?: string;
  revocations?: string;
  minSerial?: number;
  seats?: number;
  machines?: number;
  /** Milliseconds since 1970. */
  at?: number;
  json: boolean;
}

/** Says what a licence file is worth. Throws {@link Unable} when that cannot be found out. */
export async function verifyLicenseFile(
  file: string,
  { key, at, json, revocations, seats = 0, machines = 0, product, ...asked }: LicenseOptions,
  say: (text: string) => void,
): Promise<boolean> {
  const text = await read(file);
  const list = revocations === undefined ? undefined : await read(revocations);
  const pinned = await pinnedKeys(key);
  const verdict = judged(() =>
    createVerifier({
      product: product ?? null,
      keys: pinned,
      revocations: list,
      ...(at === undefined ? {} : { clock: () => at }),
    }).verify(text, { ...asked, usage: { seats, machines } }),
  );
  if (json) say(JSON.stringify(verdict, null, 2));
  else tell(verdict, product === undefined, say);
  return verdict.state === 'valid' || verdict.state === 'grace';
}

function tell(
  { state, reason, license, until, warnings }: Verdict,
  isAnyProduct: boolean,
  say: (text: string) => void,
) {
  if (license) for (const line of linesOf(license)) say(line);
  for (const warning of warnings) say(`· ${warning}`);
  if (until !== null) say(`until ${until}`);
  say(`${state.toUpperCase()}: ${reason}`);
  if (isAnyProduct && license) say(`Whether ${license.product} is the product that asks, --product tells.`);
}

const linesOf = ({ id, serial, product, tenant, plan, startsAt, expiresAt, seats }: LicenseClaims): string[] => [
  `licence ${id}, serial ${serial}, of ${product} for tenant ${tenant}`,
  `plan ${plan}, ${startsAt} to ${expiresAt ?? 'ever'}, ${seats.limit ?? 'any number of'} seats`,
];

/** Keys and lists that are not to be believed are told in a word, as a file that cannot be read. */
function judged(judge: () => Verdict): Verdict {
  try {
    return judge();
  } catch (error) {
    if (error instanceof LicenseError) throw new Unable(`${error.code}: ${error.message}`, { cause: error });
    throw error;
  }
}

async function pinnedKeys(file: string): Promise<PinnedKey[]> {
  const text = await read(file);
  if (!text.includes('-----BEGIN PUBLIC KEY-----')) return readKeys(file);
  try {
    const { kty, crv, x } = createPublicKey(text).export({ format: 'jwk' });
    return [{ kty, crv, x } as PinnedKey];
  } catch (error) {
    throw new Unable(`The key in ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

const read = (file: string): Promise<string> =>
  readFile(callersPath(file), 'utf8').catch((error: Error) => {
    throw new Unable(`${file} cannot be read: ${error.message}`, { cause: error });
  });
