import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const randomLength = 22; // 62^22 > 2^128
const checksumLength = 6; // 62^6 > 2^32

/** What a token opens: its prefix tells people and secret scanners which kind it is. */
export const tokenPrefixes = { worker: 'twt_', callback: 'tcb_' } as const;
export type TokenKind = keyof typeof tokenPrefixes;

/** Prefix, 128 random bits and the CRC-32 of both, in base 62: a scanner tells a token from an accident without asking anybody. */
export function newToken(kind: TokenKind, secret: Buffer = randomBytes(16)): string {
  const body = `${tokenPrefixes[kind]}${base62(BigInt(`0x${secret.toString('hex')}`), randomLength)}`;
  return body + checksumOf(body);
}

/** Whether this can be such a token at all; what cannot is refused without asking the registry. */
export const tokenIsWellFormed = (kind: TokenKind, token: string): boolean =>
  new RegExp(`^${tokenPrefixes[kind]}[0-9A-Za-z]{${randomLength + checksumLength}}$`).test(token) &&
  checksumOf(token.slice(0, -checksumLength)) === token.slice(-checksumLength);

/** What the registry keeps. The token is random enough that a plain digest cannot be turned back. */
export const hashOfToken = (token: string): Buffer => createHash('sha256').update(token).digest();

const checksumOf = (text: string): string => base62(BigInt(crc32(text)), checksumLength);

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) text = digits[Number(rest % 62n)]! + text;
  return text;
}
