import { randomBytes } from 'node:crypto';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import type { KeptProfile, Realm } from './realm.ts';
import { hashOfSession } from './sessions.ts';

export const stepSeconds = 300;
const mostWrongCodes = 5;

/** Between the password and the second factor; with no user yet while a passkey is asked for. */
export interface SignInStep {
  user: { userId: string; email: string } | null;
  expiresAt: Date;
}

/**
 * Worth nothing but the next step, for five minutes. Its token is new, as every token is that a sign-in brings. Refuses with
 * `bad_credentials` when the password that was right is not the person's any more.
 */
export async function openSignInStep(
  em: Sql,
  user: { userId: string; passwordHash: string | null } | null,
): Promise<{ token: string; expiresAt: Date }> {
  const token = randomBytes(32).toString('base64url');
  // Anybody may open one: each makes room for itself, so that they do not pile up until the night.
  await rows(em)`
    delete from sign_in_steps where token_hash in (
      select token_hash from sign_in_steps where expires_at < now() limit 20 for update skip locked)`;
  const { userId, passwordHash } = user ?? { userId: null, passwordHash: null };
  const [opened] = await rows<{ expires_at: string }>(em)`
    with proven as (
      select 1 from users where id = ${userId}::uuid and password_hash = ${passwordHash}::text for share
    )
    insert into sign_in_steps (token_hash, user_id, expires_at)
    select ${hashOfSession(token)}::bytea, ${userId}::uuid, now() + make_interval(secs => ${stepSeconds}::int)
    where ${userId}::uuid is null or exists (select 1 from proven) returning expires_at`;
  if (!opened) throw new DomainError('bad_credentials', 'This sign-in is not open any more.');
  return { token, expiresAt: new Date(opened.expires_at) };
}

/** Null when it is unknown, another realm's, over, or answered wrongly too often. */
export async function findSignInStep(em: Sql, realm: Realm, token: string): Promise<SignInStep | null> {
  const [found] = await rows<KeptProfile & { user_id: string | null; expires_at: string }>(em)`
    select s.user_id, u.email, u.name, u.sealed_profile, s.expires_at from sign_in_steps s left join users u on u.id = s.user_id
    where s.token_hash = ${hashOfSession(token)} and s.expires_at > now() and s.wrong_codes < ${mostWrongCodes}
      and (s.user_id is null or u.tenant_id is not distinct from ${realm.tenantId}::uuid)`;
  if (!found) return null;
  const { user_id: userId } = found;
  return {
    user: userId ? { userId, email: realm.open(userId, found).email } : null,
    expiresAt: new Date(found.expires_at),
  };
}

export const noteWrongAnswer = (em: Sql, token: string): Promise<unknown> =>
  rows(em)`update sign_in_steps set wrong_codes = wrong_codes + 1 where token_hash = ${hashOfSession(token)}`;

/** Whether it was there: of two that finish it at once, one does. */
export async function closeSignInStep(em: Sql, token: string): Promise<boolean> {
  const closed = await rows(em)`
    delete from sign_in_steps where token_hash = ${hashOfSession(token)} and expires_at > now() returning 1`;
  return closed.length > 0;
}
