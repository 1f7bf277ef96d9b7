import { DomainError } from '#contracts/errors.ts';
import type { LinkMade } from '#contracts/identity/people.ts';
import { bumpAccessEpoch } from '../access/epoch.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { mailsReachPeople, queueMail } from '../mails/outbox.ts';
import { passwordResetMail } from '../mails/texts.ts';
import { rows } from '../sql.ts';
import { endLinks, makeLink } from './links.ts';
import { notify } from './notify.ts';
import type { KeptProfile, Realm } from './realm.ts';
import { removeAllFactors } from './factors/secondFactors.ts';
import { revokeSessions } from './sessions.ts';
import { tellOfUser } from './userEvents.ts';

interface Held {
  email: string;
  disabled: boolean;
  invited: boolean;
}

/** Refuses with `not_found`, and where it is not for oneself, with `person_oneself`. */
async function hold(em: Sql, realm: Realm, userId: string, actor: Actor): Promise<Held> {
  if (userId === actor.userId) throw new DomainError('person_oneself', 'Somebody else must do this for you.');
  const [found] = await rows<Omit<Held, 'email'> & KeptProfile>(em)`
    select email, name, sealed_profile, disabled_at is not null as disabled, activated_at is null as invited from users
    where id = ${userId} and tenant_id is not distinct from ${realm.tenantId}::uuid for no key update`;
  if (!found) throw new DomainError('not_found', 'There is no such person.');
  const { disabled, invited } = found;
  return { email: realm.open(userId, found).email, disabled, invited };
}

/** Their sessions and links end, and nothing opens for them until they are enabled. */
export async function disablePerson(em: Sql, realm: Realm, userId: string, actor: Actor): Promise<void> {
  const { disabled, invited } = await hold(em, realm, userId, actor);
  if (invited) throw new DomainError('person_not_active', 'This person has not joined: withdraw the invitation.');
  if (disabled) return;
  await rows(em)`update users set disabled_at = now() where id = ${userId}`;
  await tellOfUser(em, userId, 'user.disabled', {}, actor);
  await endLinks(em, userId, ['password_reset', 'recovery', 'mail_change']);
  await revokeSessions(em, { userId, reason: 'disabled' }, actor);
}

export async function enablePerson(em: Sql, realm: Realm, userId: string, actor: Actor): Promise<void> {
  const { disabled } = await hold(em, realm, userId, actor);
  if (!disabled) return;
  await rows(em)`update users set disabled_at = null where id = ${userId}`;
  await tellOfUser(em, userId, 'user.enabled', {}, actor);
  await bumpAccessEpoch(em);
}

/** For who lost a telephone and the recovery codes: the next sign-in is by password alone, and is told to them. */
export async function resetFactors(em: Sql, realm: Realm, userId: string, actor: Actor): Promise<void> {
  const { email } = await hold(em, realm, userId, actor);
  await removeAllFactors(em, userId);
  await tellOfUser(em, userId, 'factors.reset', {}, actor);
  await revokeSessions(em, { userId, reason: 'factors_reset' }, actor);
  await notify(em, realm, email, 'factors_reset');
}

/** A link to choose a new password, made by somebody else. Refuses with `person_not_active`. */
export async function sendPasswordReset(em: Sql, realm: Realm, userId: string, actor: Actor): Promise<LinkMade> {
  const { email, disabled, invited } = await hold(em, realm, userId, actor);
  if (disabled || invited) throw new DomainError('person_not_active', 'Only who can sign in has a password to reset.');
  const { token, expiresAt } = await makeLink(em, { purpose: 'password_reset', userId, createdBy: actor.userId });
  const link = realm.linkUrl('password_reset', token);
  await queueMail(em, realm.keyring, email, passwordResetMail({ link, expiresAt }, realm), realm.tenantId);
  await tellOfUser(em, userId, 'password.reset_sent', {}, actor);
  return { expiresAt, link: (await mailsReachPeople(em)) ? null : link };
}
