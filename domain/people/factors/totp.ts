import { generateSecret, generateURI, verifySync } from 'otplib';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { seal, unseal, type Keyring } from '../../secrets/keyring.ts';
import { rows } from '../../sql.ts';

/** RFC 6238: what authenticator apps expect unless told otherwise. */
const stepSeconds = 30;
const beginningMinutes = 15;

const contextOf = (userId: string): string => `totp/${userId}`;

/** A secret that is not in use until a code of it was shown; an earlier beginning ends. Refuses with `factor_known`. */
export async function beginTotp(
  em: Sql,
  keyring: Keyring,
  { userId, email, issuer }: { userId: string; email: string; issuer: string },
): Promise<{ secret: string; uri: string; expiresAt: string }> {
  const secret = generateSecret(); // 160 bits, as RFC 4226 recommends
  const sealed = seal(keyring.platformKey, Buffer.from(secret), contextOf(userId));
  const [begun] = await rows<{ expires_at: string }>(em)`
    insert into totp_secrets as t (user_id, sealed) values (${userId}, ${sealed})
    on conflict (user_id) do update set sealed = excluded.sealed, created_at = now(), last_step = 0
      where t.confirmed_at is null
    returning created_at + make_interval(mins => ${beginningMinutes}::int) as expires_at`;
  if (!begun) throw new DomainError('factor_known', 'An authenticator app is set up already. Remove it first.');
  const uri = generateURI({ issuer, label: email, secret });
  return { secret, uri, expiresAt: new Date(begun.expires_at).toISOString() };
}

/** Takes the new secret into use. Refuses with `factor_not_begun` and, when the code is not of this secret, `code_wrong`. */
export async function confirmTotp(em: Sql, keyring: Keyring, userId: string, code: string): Promise<void> {
  const [begun] = await rows<{ sealed: Buffer }>(em)`
    select sealed from totp_secrets
    where user_id = ${userId} and confirmed_at is null and created_at > now() - make_interval(mins => ${beginningMinutes}::int)
    for update`;
  if (!begun)
    throw new DomainError('factor_not_begun', 'Setting up the app was not begun, or too long ago. Begin again.');
  const step = stepOf(secretOf(keyring, userId, begun.sealed), code);
  if (step === null) throw wrongCode();
  await rows(em)`
    update totp_secrets set confirmed_at = now(), last_used_at = now(), last_step = ${step} where user_id = ${userId}`;
}

/**
 * Whether this is a code of now, the step before or after, that was not used yet. Of any number of uses at once, in whatever process,
 * one succeeds: the step that was accepted last is compared and set in one statement (ASVS 5.0 6.5.1).
 */
export async function useTotpCode(em: Sql, keyring: Keyring, userId: string, code: string): Promise<boolean> {
  const [known] = await rows<{ sealed: Buffer }>(em)`
    select sealed from totp_secrets where user_id = ${userId} and confirmed_at is not null`;
  if (!known) return false;
  const step = stepOf(secretOf(keyring, userId, known.sealed), code);
  if (step === null) return false;
  const used = await rows(em)`
    update totp_secrets set last_step = ${step}, last_used_at = now()
    where user_id = ${userId} and confirmed_at is not null and last_step < ${step} returning 1`;
  return used.length > 0;
}

export async function removeTotp(em: Sql, userId: string): Promise<boolean> {
  const removed = await rows<{ was_used: boolean }>(em)`
    delete from totp_secrets where user_id = ${userId} returning confirmed_at is not null as was_used`;
  return removed[0]?.was_used ?? false;
}

export const wrongCode = (): DomainError =>
  new DomainError('code_wrong', 'This code is not right, or was used already. Wait for the next one.');

const secretOf = (keyring: Keyring, userId: string, sealed: Buffer): string =>
  unseal(keyring.platformKey, sealed, contextOf(userId)).toString();

/** For a backup, whose part is sealed as a whole. */
export const totpSecretOf = secretOf;

/** A secret that somebody used before, of which all codes up to now count as used. */
export async function bringBackTotp(
  em: Sql,
  keyring: Keyring,
  { userId, secret, confirmedAt }: { userId: string; secret: string; confirmedAt: string },
): Promise<void> {
  const sealed = seal(keyring.platformKey, Buffer.from(secret), contextOf(userId));
  const step = Math.floor(Date.now() / 1000 / stepSeconds);
  await rows(em)`
    insert into totp_secrets (user_id, sealed, confirmed_at, last_step) values (${userId}, ${sealed}, ${confirmedAt}, ${step})
    on conflict do nothing`;
}

/** The time step whose code this is; null when it is none of the three that count. */
function stepOf(secret: string, code: string): number | null {
  const epoch = Math.floor(Date.now() / 1000);
  const verified = verifySync({ secret, token: code, epoch, epochTolerance: stepSeconds });
  return verified.valid ? Math.floor(epoch / stepSeconds) + verified.delta : null;
}
