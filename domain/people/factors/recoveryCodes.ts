import { randomBytes } from 'node:crypto';
import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';
import { hashWithSalt } from '../passwords.ts';

const codes = 10;
/** Crockford's base 32: nothing that looks like something else. */
const digits = '0123456789abcdefghjkmnpqrstvwxyz';

/** Ten new codes of 50 random bits each, as `xxxxx-xxxxx`, with what is kept of them. Slow on purpose: not inside a transaction. */
export async function makeRecoveryCodes(): Promise<RecoveryCodeSet> {
  const salt = randomBytes(16);
  const made = Array.from({ length: codes }, () => {
    const text = [...randomBytes(10)].map((byte) => digits[byte % 32]).join('');
    return `${text.slice(0, 5)}-${text.slice(5)}`;
  });
  return { codes: made, salt, hashes: await Promise.all(made.map((code) => hashWithSalt(plain(code), salt))) };
}

export interface RecoveryCodeSet {
  /** Shown once. */
  codes: string[];
  /** One for the set, so that comparing costs one hash (ASVS 5.0 6.5.2). */
  salt: Buffer;
  hashes: Buffer[];
}

/** The earlier ones end. */
export async function replaceRecoveryCodes(em: Sql, userId: string, { salt, hashes }: RecoveryCodeSet): Promise<void> {
  await rows(em)`delete from recovery_codes where user_id = ${userId}`;
  for (const hash of hashes)
    await rows(em)`insert into recovery_codes (user_id, code_hash, salt) values (${userId}, ${hash}, ${salt})`;
}

/** Whether this is one that was not used yet; it is used by that, once, however many ask at once. */
export async function useRecoveryCode(em: Sql, userId: string, code: string): Promise<boolean> {
  const [kept] = await rows<{ salt: Buffer }>(em)`select salt from recovery_codes where user_id = ${userId} limit 1`;
  if (!kept) return false;
  const hash = await hashWithSalt(plain(code), kept.salt);
  const used = await rows(em)`
    update recovery_codes set used_at = now()
    where user_id = ${userId} and code_hash = ${hash} and used_at is null returning 1`;
  return used.length > 0;
}

/** As people type it: any case, with or without the dash, and the letters that Crockford's alphabet leaves out. */
const plain = (code: string): string =>
  code.toLowerCase().replace(/[\s-]/g, '').replaceAll('o', '0').replace(/[il]/g, '1');
