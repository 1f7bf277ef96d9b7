import { createHash, randomBytes } from 'node:crypto';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/** ASVS 5.0 7.3: a session ends after this long without use, and after that long in any case. */
export const idleSeconds = 8 * 3600;
export const absoluteSeconds = 7 * 24 * 3600;

export interface SignedIn {
  userId: string;
  email: string;
  role: string;
  expiresAt: Date;
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** A new session with 256 random bits (ASVS 7.2.3 asks for 128); only the hash is kept. */
export async function startSession(
  em: Sql,
  userId: string,
  seconds = absoluteSeconds,
): Promise<{ token: string; expiresAt: Date }> {
  const token = randomBytes(32).toString('base64url');
  const expiresAt = new Date(Date.now() + seconds * 1000);
  await rows(em)`
    insert into sessions (token_hash, user_id, expires_at) values (${hashOf(token)}, ${userId}, ${expiresAt})`;
  return { token, expiresAt };
}

/** Who this token belongs to, now; null when it is unknown, idle for too long, expired, or its user disabled. */
export async function findSession(em: Sql, token: string): Promise<SignedIn | null> {
  const [found] = await rows<{ user_id: string; email: string; role: string; expires_at: string; stale: boolean }>(em)`
    select s.user_id, u.email, u.role, s.expires_at, s.last_seen_at < now() - interval '1 minute' as stale
    from sessions s join users u on u.id = s.user_id
    where s.token_hash = ${hashOf(token)} and s.expires_at > now() and u.disabled_at is null
      and s.last_seen_at > now() - make_interval(secs => ${idleSeconds}::int)`;
  if (!found) return null;
  if (found.stale) await rows(em)`update sessions set last_seen_at = now() where token_hash = ${hashOf(token)}`;
  return { userId: found.user_id, email: found.email, role: found.role, expiresAt: new Date(found.expires_at) };
}

export async function endSession(em: Sql, token: string): Promise<void> {
  await rows(em)`delete from sessions where token_hash = ${hashOf(token)}`;
}
