import { hash, randomBytes } from 'node:crypto';
import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { OwnSession } from '#contracts/identity/signIn.ts';
import { bumpAccessEpoch } from '../access/epoch.ts';
import type { PortalRole } from '#contracts/portal/permissions.ts';
import type { Sql } from '../database.ts';
import type { ActingNow } from '../support/acting.ts';
import type { Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { countFactors, isFactorMissing, type FactorCounts } from './factors/factorCounts.ts';
import { openProfile, type KeptProfile } from './realm.ts';
import { asUser, tellOfUser } from './userEvents.ts';
import { isoOf } from '../isoOf.ts';

/** ASVS 5.0 7.3: a session ends after this long without use, and after that long in any case; configuration may say otherwise. */
export const idleSeconds = 8 * 3600;
export const absoluteSeconds = 7 * 24 * 3600;

export interface SignedIn {
  sessionId: string;
  userId: string;
  /** At whose portal somebody is signed in, and as what; null for the platform's people. */
  tenantId: string | null;
  portalRole: PortalRole | null;
  email: string;
  name: string | null;
  expiresAt: Date;
  /** When the person last proved to be who they are. */
  authenticatedAt: Date;
  factors: FactorCounts;
  /** A role asks for a second factor and there is none: nothing else may be done before. */
  mustSetUp: 'second_factor' | null;
  /** The support access that was entered, and for whom the session acts by it while it lasts. */
  supportAccessId: string | null;
  acting: ActingNow | null;
}

/** How somebody came to be signed in. */
export const signInFactors = ['password', 'totp', 'recovery_code', 'passkey', 'invitation', 'setup_link'] as const;
export type SignInFactor = (typeof signInFactors)[number];

/** Where a session lives, as its owner is shown it. */
export interface Place {
  device: string;
  address: string | null;
}

/** What names a session without opening it: the registry keeps it, and changes are announced under it. */
export const hashOfSession = (token: string): Buffer => hash('sha256', token, 'buffer');

/** 256 random bits (ASVS 7.2.3 asks for 128). */
const newToken = (): string => randomBytes(32).toString('base64url');

/** A new session; only the hash of its token is kept. */
export async function startSession(em: Sql, userId: string, seconds = absoluteSeconds): Promise<{ token: string }> {
  const token = newToken();
  await rows(em)`
    insert into sessions (token_hash, id, user_id, expires_at)
    values (${hashOfSession(token)}, ${newId()}, ${userId}, now() + make_interval(secs => ${seconds}::int))`;
  return { token };
}

/**
 * The one place where people become signed in, whatever proved who they are: password, passkey, link, and later an identity provider.
 * Holds the user's row, so it belongs into the transaction of the proof.
 *
 * @param user.tenantId whose person it must be; null for the platform's
 * @param user.passwordHash what a password was compared with: hashing takes time, and a password that was changed meanwhile, because
 *   somebody else knew it, must not open what the change has closed. Refuses with `bad_credentials`.
 */
export async function beginSession(
  em: Sql,
  user: {
    userId: string;
    tenantId: string | null;
    factor: SignInFactor;
    place: Place;
    seconds: number;
    passwordHash?: string | null;
  },
  actor: Actor,
): Promise<{ token: string }> {
  const { userId, tenantId, factor, place, seconds, passwordHash = null } = user;
  const [active] = await rows(em)`
    update users set last_sign_in_at = now()
    where id = ${userId} and tenant_id is not distinct from ${tenantId}::uuid and disabled_at is null
      and activated_at is not null and (${passwordHash}::text is null or password_hash = ${passwordHash}::text) returning 1`;
  if (!active) throw new DomainError('bad_credentials', 'This sign-in is not open any more.');
  const [token, sessionId] = [newToken(), newId()];
  await rows(em)`
    insert into sessions (token_hash, id, user_id, expires_at, factor, device, address)
    values (${hashOfSession(token)}, ${sessionId}, ${userId}, now() + make_interval(secs => ${seconds}::int),
            ${factor}, ${place.device}, ${place.address})`;
  await tellOfUser(em, userId, 'session.started', { sessionId, factor }, asUser(actor, userId));
  return { token };
}

/** Who this token belongs to, now; null when it is unknown, idle for too long, expired, or its user disabled. */
export async function findSession(
  em: Sql,
  keys: TenantKeys,
  token: string,
  idle = idleSeconds,
): Promise<SignedIn | null> {
  const [found] = await rows<
    KeptProfile & {
      id: string;
      user_id: string;
      tenant_id: string | null;
      portal_role: PortalRole | null;
      expires_at: string;
      authenticated_at: string;
      support_access_id: string | null;
      stale: boolean;
    }
  >(em)`
    select s.id, s.user_id, u.tenant_id, u.portal_role, u.email, u.name, u.sealed_profile, s.expires_at, s.authenticated_at, s.support_access_id,
           s.last_seen_at < now() - interval '1 minute' as stale
    from sessions s join users u on u.id = s.user_id
    where s.token_hash = ${hashOfSession(token)} and s.expires_at > now() and u.disabled_at is null
      and s.last_seen_at > now() - make_interval(secs => ${idle}::int)`;
  const profile = found && (await openProfile(keys, { ...found, id: found.user_id }));
  if (!found || !profile) return null;
  if (found.stale) await rows(em)`update sessions set last_seen_at = now() where token_hash = ${hashOfSession(token)}`;
  const factors = await countFactors(em, found.user_id);
  return {
    sessionId: found.id,
    userId: found.user_id,
    tenantId: found.tenant_id,
    portalRole: found.portal_role,
    ...profile,
    expiresAt: new Date(found.expires_at),
    authenticatedAt: new Date(found.authenticated_at),
    factors,
    mustSetUp: (await isFactorMissing(em, found.user_id, factors)) ? 'second_factor' : null,
    supportAccessId: found.support_access_id,
    acting: null,
  };
}

/** The same session under a new token (ASVS 7.2.4), because the person proved again who they are. The old token opens nothing. */
export async function renewSession(em: Sql, token: string): Promise<{ token: string }> {
  const renewed = newToken();
  await em.transactional(async (tx) => {
    const [found] = await rows(tx)`
      update sessions set token_hash = ${hashOfSession(renewed)}, authenticated_at = now(), last_seen_at = now()
      where token_hash = ${hashOfSession(token)} returning 1`;
    if (!found) throw new DomainError('unauthenticated', 'Sign in first.');
    await bumpAccessEpoch(tx);
  });
  return { token: renewed };
}

export async function endSession(em: Sql, token: string, actor?: Actor): Promise<void> {
  await em.transactional(async (tx) => {
    const [ended] = await rows<{ id: string; user_id: string }>(tx)`
      delete from sessions where token_hash = ${hashOfSession(token)} returning id, user_id`;
    if (!ended) return;
    if (actor) await tellEnded(tx, ended.user_id, [ended.id], 'signed_out', actor);
    await bumpAccessEpoch(tx);
  });
}

/** Which of these sessions are still open. */
export async function stillOpen(em: Sql, hashes: readonly string[], idle: number): Promise<ReadonlySet<string>> {
  const open = await rows<{ hash: string }>(em)`
    select encode(s.token_hash, 'hex') as hash from sessions s join users u on u.id = s.user_id
    where s.token_hash in (select decode(unnest(${[...hashes]}::text[]), 'hex')) and s.expires_at > now()
      and u.disabled_at is null and s.last_seen_at > now() - make_interval(secs => ${idle}::int)`;
  return new Set(open.map(({ hash }) => hash));
}

export async function listOwnSessions(em: Sql, userId: string, current: string, idle: number): Promise<OwnSession[]> {
  const found = await rows<{
    id: string;
    device: string | null;
    address: string | null;
    created_at: string;
    last_seen_at: string;
    expires_at: string;
  }>(em)`
    select id, device, address, created_at, last_seen_at, expires_at from sessions
    where user_id = ${userId} and expires_at > now() and last_seen_at > now() - make_interval(secs => ${idle}::int)
    order by last_seen_at desc, id`;
  return found.map((row) => ({
    id: row.id,
    device: row.device ?? 'Unknown',
    address: row.address,
    createdAt: isoOf(row.created_at),
    lastSeenAt: isoOf(row.last_seen_at),
    expiresAt: isoOf(row.expires_at),
    isCurrent: row.id === current,
  }));
}

/** Ends one of one's own sessions. Refuses with `not_found`. */
export async function revokeSession(em: Sql, userId: string, sessionId: string, actor: Actor): Promise<void> {
  const [ended] = await rows(em)`delete from sessions where id = ${sessionId} and user_id = ${userId} returning 1`;
  if (!ended) throw new DomainError('not_found', 'There is no such session.');
  await tellEnded(em, userId, [sessionId], 'revoked', actor);
  await bumpAccessEpoch(em);
}

/** Ends all sessions of somebody but the one that is kept; returns how many. */
export async function revokeSessions(
  em: Sql,
  { userId, except = null, reason }: { userId: string; except?: string | null; reason: string },
  actor: Actor,
): Promise<number> {
  await rows(em)`delete from sign_in_steps where user_id = ${userId}`;
  const ended = await rows<{ id: string }>(em)`
    delete from sessions where user_id = ${userId} and id is distinct from ${except}::uuid returning id`;
  if (ended.length > 0)
    await tellEnded(
      em,
      userId,
      ended.map(({ id }) => id),
      reason,
      actor,
    );
  await bumpAccessEpoch(em);
  return ended.length;
}

const tellEnded = (em: Sql, userId: string, sessionIds: string[], reason: string, actor: Actor): Promise<void> =>
  tellOfUser(em, userId, 'session.ended', { sessionIds, reason }, actor);
