import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { endLinks, findLink, useLink } from './links.ts';
import { refuseWeakPassword } from './passwordPolicy.ts';
import { hashPassword, isOutdated, passwordMatches } from './passwords.ts';
import { notify } from './notify.ts';
import type { KeptProfile, Realm } from './realm.ts';
import { revokeSessions } from './sessions.ts';
import { removeAllFactors } from './factors/secondFactors.ts';
import { asUser, tellOfUser } from './userEvents.ts';

/** Whether this is the person's password: for whoever is signed in and asked again. */
export async function isOwnPassword(em: Sql, userId: string, password: string): Promise<boolean> {
  const [user] = await rows<{ password_hash: string }>(em)`select password_hash from users where id = ${userId}`;
  return passwordMatches(user?.password_hash ?? null, password);
}

/** With the old one at hand. All other sessions end. Refuses with `password_wrong`, `password_weak`. */
export async function changePassword(
  em: Sql,
  realm: Realm,
  wanted: { userId: string; sessionId: string; current: string; password: string },
  actor: Actor,
): Promise<void> {
  const { userId, sessionId, current, password } = wanted;
  const [user] = await rows<KeptProfile & { password_hash: string }>(em)`
    select email, name, sealed_profile, password_hash from users where id = ${userId}`;
  if (!user || !(await passwordMatches(user.password_hash, current)))
    throw new DomainError('password_wrong', 'This is not your password.', {
      fields: [{ path: 'current', message: 'is not right' }],
    });
  const profile = realm.open(userId, user);
  await refuseWeakPassword(password, profile);
  const hash = await hashPassword(password);
  await em.transactional(async (tx) => {
    const changed = await rows(tx)`
      update users set password_hash = ${hash}, password_changed_at = now()
      where id = ${userId} and password_hash = ${user.password_hash} returning 1`;
    if (changed.length === 0) throw new DomainError('password_wrong', 'Your password was changed meanwhile.');
    await tellOfUser(tx, userId, 'password.changed', {}, actor);
    await revokeSessions(tx, { userId, except: sessionId, reason: 'password_changed' }, actor);
    await endLinks(tx, userId, ['password_reset', 'recovery']);
    await notify(tx, realm, profile.email, 'password_changed');
  });
}

/**
 * By a one-time link: all sessions end, and a link of recovery takes the lost factors away as well and opens a disabled sign-in again.
 * Returns whose address it was. Refuses with `link_invalid`, `password_weak`.
 */
export async function resetPassword(
  em: Sql,
  realm: Realm,
  { token, password }: { token: string; password: string },
  by: Actor,
): Promise<string> {
  const link = await findLink(em, realm, token);
  if (link.purpose === 'password_reset' || link.purpose === 'recovery') await refuseWeakPassword(password, link);
  const hash = await hashPassword(password);
  const { userId, purpose, email } = link;
  const actor = asUser(by, userId);
  await em.transactional(async (tx) => {
    await useLink(tx, token, ['password_reset', 'recovery']);
    await rows(tx)`
      update users set password_hash = ${hash}, password_changed_at = now(), activated_at = coalesce(activated_at, now())
      where id = ${userId}`;
    if (purpose === 'recovery') {
      await rows(tx)`update users set disabled_at = null where id = ${userId}`;
      await removeAllFactors(tx, userId);
    }
    await tellOfUser(tx, userId, 'password.reset', { by: purpose }, actor);
    await revokeSessions(tx, { userId, reason: 'password_changed' }, actor);
    await endLinks(tx, userId, ['password_reset', 'recovery', 'invitation']);
    await notify(tx, realm, email, 'password_reset');
  });
  return email;
}

/**
 * What was hashed with less than is asked for today; the one place where the text of a password that stays is at hand. Returns the hash
 * that is kept now.
 */
export async function upgradeHash(em: Sql, userId: string, known: string, password: string): Promise<string> {
  if (!isOutdated(known)) return known;
  const hash = await hashPassword(password);
  const upgraded = await rows(em)`
    update users set password_hash = ${hash} where id = ${userId} and password_hash = ${known} returning 1`;
  if (upgraded.length > 0) return hash;
  const [meanwhile] = await rows<{ password_hash: string }>(em)`select password_hash from users where id = ${userId}`;
  return meanwhile && (await passwordMatches(meanwhile.password_hash, password)) ? meanwhile.password_hash : known;
}
