import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { LinkMade, NewPerson } from '#contracts/identity/people.ts';
import type { PortalRole } from '#contracts/portal/permissions.ts';
import { bumpAccessEpoch } from '../access/epoch.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { noteJoined } from '../members/noteProgress.ts';
import { mailsReachPeople, queueMail } from '../mails/outbox.ts';
import { invitationMail } from '../mails/texts.ts';
import { rows } from '../sql.ts';
import { endLinks, findLink, invalidLink, makeLink, useLink } from './links.ts';
import { refuseWeakPassword } from './passwordPolicy.ts';
import { hashPassword } from './passwords.ts';
import { changeProfile, findProfile } from './profiles.ts';
import type { Profile, Realm } from './realm.ts';
import { asUser, tellOfUser } from './userEvents.ts';

/** Somebody new, who may sign in once they accepted. Refuses with `email_taken`. */
export async function invitePerson(
  em: Sql,
  realm: Realm,
  invited: Pick<NewPerson, 'email' | 'name'> & { portalRole?: PortalRole },
  actor: Actor,
): Promise<LinkMade & { userId: string }> {
  const userId = await addInvited(em, realm, invited, actor);
  return { userId, ...(await sendInvitation(em, realm, userId, actor)) };
}

/** The row alone; whoever adds it sees to the link. Refuses with `email_taken`. */
export async function addInvited(
  em: Sql,
  realm: Realm,
  invited: Pick<NewPerson, 'email' | 'name'> & { portalRole?: PortalRole },
  actor: Actor,
): Promise<string> {
  const userId = newId();
  const { portalRole = null } = invited;
  const kept = realm.keep(userId, { email: invited.email, name: invited.name ?? null });
  const [made] = await rows(em)`
    insert into users (id, email, name, sealed_profile, tenant_id, portal_role, password_hash, activated_at, invited_by)
    values (${userId}, ${kept.email}, ${kept.name}, ${kept.sealed_profile}::bytea, ${realm.tenantId}::uuid, ${portalRole},
            'none', null, ${actor.userId}::uuid)
    on conflict (email) do nothing returning 1`;
  if (!made) throw new DomainError('email_taken', 'Somebody is invited or signs in with this address already.');
  await tellOfUser(em, userId, 'user.invited', portalRole ? { role: portalRole } : {}, actor);
  return userId;
}

/** Once more, by a new link; the earlier one ends. Refuses with `not_found`, `person_not_invited`. */
export async function inviteAgain(em: Sql, realm: Realm, userId: string, actor: Actor): Promise<LinkMade> {
  await holdInvited(em, realm, userId);
  await tellOfUser(em, userId, 'user.invited_again', {}, actor);
  return sendInvitation(em, realm, userId, actor);
}

/** The same to another address, because the first was wrong; the link that went there ends. Refuses as above and with `email_taken`. */
export async function correctInvited(
  em: Sql,
  realm: Realm,
  userId: string,
  corrected: Partial<Profile>,
  actor: Actor,
): Promise<LinkMade> {
  await holdInvited(em, realm, userId);
  await changeProfile(em, realm, userId, corrected);
  await tellOfUser(em, userId, 'user.invitation_corrected', {}, actor);
  return sendInvitation(em, realm, userId, actor);
}

/** As if nobody had been invited. Refuses with `not_found`, `person_not_invited`. */
export async function withdrawInvitation(em: Sql, realm: Realm, userId: string, actor: Actor): Promise<void> {
  await holdInvited(em, realm, userId);
  await tellOfUser(em, userId, 'user.invitation_withdrawn', {}, actor);
  await rows(em)`delete from users where id = ${userId}`;
  await bumpAccessEpoch(em);
}

async function holdInvited(em: Sql, realm: Realm, userId: string): Promise<void> {
  const [found] = await rows<{ waits: boolean }>(em)`
    select activated_at is null and disabled_at is null as waits from users
    where id = ${userId} and tenant_id is not distinct from ${realm.tenantId}::uuid for update`;
  if (!found) throw new DomainError('not_found', 'There is no such person.');
  if (!found.waits) throw new DomainError('person_not_invited', 'This person is not waiting for an invitation.');
}

async function sendInvitation(em: Sql, realm: Realm, userId: string, actor: Actor): Promise<LinkMade> {
  const { token, expiresAt } = await makeLink(em, { purpose: 'invitation', userId, createdBy: actor.userId });
  const invited = await findProfile(em, realm, userId);
  const by = actor.userId === null ? null : await findProfile(em, realm, actor.userId);
  const link = realm.linkUrl('invitation', token);
  const text = invitationMail({ link, expiresAt, invitedBy: by && (by.name ?? by.email) }, realm);
  await queueMail(em, realm.keyring, invited!.email, text, realm.tenantId);
  return { expiresAt, link: (await mailsReachPeople(em)) ? null : link };
}

/** The invited person chooses a password. Returns who it is. Refuses with `link_invalid`, `password_weak`. */
export async function acceptInvitation(
  em: Sql,
  realm: Realm,
  given: { token: string; password: string; name?: string | undefined },
  actor: Actor,
): Promise<string> {
  const { token, password, name } = given;
  const link = await findLink(em, realm, token);
  if (link.purpose === 'invitation') await refuseWeakPassword(password, { email: link.email, name: name ?? link.name });
  const hash = await hashPassword(password);
  const { userId } = link;
  await em.transactional(async (tx) => {
    await useLink(tx, token, ['invitation']);
    const joined = await rows(tx)`
      update users set password_hash = ${hash}, password_changed_at = now(), activated_at = now()
      where id = ${userId} and activated_at is null and disabled_at is null returning 1`;
    // Who has joined signs in by what they chose then, and by their second factor.
    if (joined.length === 0) throw invalidLink();
    if (name !== undefined) await changeProfile(tx, realm, userId, { name });
    await endLinks(tx, userId, ['password_reset']);
    await tellOfUser(tx, userId, 'user.joined', {}, asUser(actor, userId));
    await noteJoined(tx, realm, userId, asUser(actor, userId));
  });
  return userId;
}
