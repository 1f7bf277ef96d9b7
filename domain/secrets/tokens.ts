import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const randomLength = 22; // 62^22 > 2^128
const checksumLength = 6; // 62^6 > 2^32

/** What a token opens: its prefix tells people and secret scanners which kind it is. */
export const tokenPrefixes = { apiKey: 'tnt_', worker: 'twt_', callback: 'tcb_', export: 'tex_' } as const;
export type TokenKind = keyof typeof tokenPrefixes;

const shapes = Object.fromEntries(
  Object.entries(tokenPrefixes).map(([kind, prefix]) => [
    kind,
    new RegExp(`^${prefix}[0-9A-Za-z]{${randomLength + checksumLength}}$`),
  ]),
) as Record<TokenKind, RegExp>;

/** Prefix, 128 random bits and the CRC-32 of both, in base 62: a scanner tells a token from an accident without asking anybody. */
export function newToken(kind: TokenKind, secret: Buffer = randomBytes(16)): string {
  const body = `${tokenPrefixes[kind]}${base62(BigInt(`0x${secret.toString('hex')}`), randomLength)}`;
  return body + checksumOf(body);
}

/** Whether this can be such a token at all; what cannot is refused without asking the registry. */
export const tokenIsWellFormed = (kind: TokenKind, token: string): boolean =>
  shapes[kind].test(token) && checksumOf(token.slice(0, -checksumLength)) === token.slice(-checksumLength);

/** What the registry keeps. The token is random enough that a plain digest cannot be turned back. */
export const hashOfToken = (token: string): Buffer => hash('sha256', token, 'buffer');

const checksumOf = (text: string): string => base62(BigInt(crc32(text)), checksumLength);

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) text = digits[Number(rest % 62n)]! + text;
  return text;
}
