/**
 * The key that people read to each other: 25 symbols of Crockford's base 32 in five groups. 23 of them are random (115 bits), the last
 * two make the whole, read as one number in base 32, leave 1 when it is divided by 1021. As 1021 is a prime and the powers of 32 that
 * stand for the places differ from each other by it, any one wrong symbol and any two that changed places are seen.
 */
const symbols = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const modulus = 1021;
const dataSymbols = 23;
const allSymbols = dataSymbols + 2;
const values = new Map([...symbols].map((symbol, value) => [symbol, value]));
/** What is read as something else, because it looks like it (Crockford). */
const alike: Record<string, string> = { O: '0', I: '1', L: '1' };

export type ParsedLicenseKey =
  | {
      ok: true;
      /** As it is shown: `ABCDE-FGHJK-…`. */
      key: string;
      /** The 25 symbols alone: what files are encrypted with. */
      symbols: string;
    }
  | { ok: false; reason: 'length' | 'symbol' | 'checksum' };

/** A new key. `randomBytes` gives so many bytes that nobody can guess; without it, the platform's. */
export function generateLicenseKey(randomBytes: (count: number) => Uint8Array = platformBytes): string {
  const data = Array.from(randomBytes(dataSymbols), (byte) => byte & 31);
  if (data.length !== dataSymbols) throw new RangeError(`${dataSymbols} random bytes were asked for`);
  const checksum = (modulus + 1 - ((remainder(data) * 1024) % modulus)) % modulus;
  return grouped([...data, checksum >> 5, checksum & 31].map((value) => symbols[value]!).join(''));
}

/** Reads what somebody typed: small letters, blanks and dashes anywhere, O for 0, I and L for 1. */
export function parseLicenseKey(text: string): ParsedLicenseKey {
  if (text.length > 4 * allSymbols) return { ok: false, reason: 'length' };
  const typed = text
    .replace(/[\s\u2010-\u2015-]/g, '')
    .toUpperCase()
    .replace(/[OIL]/g, (symbol) => alike[symbol]!);
  const read = [...typed].map((symbol) => values.get(symbol));
  if (read.includes(undefined)) return { ok: false, reason: 'symbol' };
  if (typed.length !== allSymbols) return { ok: false, reason: 'length' };
  const numbers = read as number[];
  // A checksum of 1021 or more is never written; without this, each key would have a twin.
  const checksum = numbers[dataSymbols]! * 32 + numbers[dataSymbols + 1]!;
  if (checksum >= modulus || remainder(numbers) !== 1) return { ok: false, reason: 'checksum' };
  return { ok: true, key: grouped(typed), symbols: typed };
}

const remainder = (read: readonly number[]): number => read.reduce((rest, value) => (rest * 32 + value) % modulus, 0);

const grouped = (all: string): string => all.match(/.{5}/g)!.join('-');

const platformBytes = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));
