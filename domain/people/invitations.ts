import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { LinkMade, NewPerson } from '#contracts/identity/people.ts';
import { bumpAccessEpoch } from '../access/epoch.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { mailsReachPeople, queueMail } from '../mails/outbox.ts';
import { invitationMail } from '../mails/texts.ts';
import { rows } from '../sql.ts';
import { endLinks, findLink, linkUrl, makeLink, useLink } from './links.ts';
import { refuseWeakPassword } from './passwordPolicy.ts';
import { hashPassword } from './passwords.ts';
import type { Posting } from './posting.ts';
import { asUser, tellOfUser } from './userEvents.ts';

/** Somebody new, who may sign in once they accepted. Refuses with `email_taken`. */
export async function invitePerson(
  em: Sql,
  posting: Posting,
  { email, name }: Pick<NewPerson, 'email' | 'name'>,
  actor: Actor,
): Promise<LinkMade & { userId: string }> {
  const userId = newId();
  const [made] = await rows(em)`
    insert into users (id, email, name, password_hash, activated_at, invited_by)
    values (${userId}, ${email.trim().toLowerCase()}, ${name ?? null}, 'none', null, ${actor.userId})
    on conflict (email) do nothing returning 1`;
  if (!made) throw new DomainError('email_taken', 'Somebody is invited or signs in with this address already.');
  await tellOfUser(em, userId, 'user.invited', {}, actor);
  return { userId, ...(await sendInvitation(em, posting, userId, actor)) };
}

/** Once more, by a new link; the earlier one ends. Refuses with `not_found`, `person_not_invited`. */
export async function inviteAgain(em: Sql, posting: Posting, userId: string, actor: Actor): Promise<LinkMade> {
  await holdInvited(em, userId);
  await tellOfUser(em, userId, 'user.invited_again', {}, actor);
  return sendInvitation(em, posting, userId, actor);
}

/** As if nobody had been invited. Refuses with `not_found`, `person_not_invited`. */
export async function withdrawInvitation(em: Sql, userId: string, actor: Actor): Promise<void> {
  await holdInvited(em, userId);
  await tellOfUser(em, userId, 'user.invitation_withdrawn', {}, actor);
  await rows(em)`delete from users where id = ${userId}`;
  await bumpAccessEpoch(em);
}

async function holdInvited(em: Sql, userId: string): Promise<void> {
  const [found] = await rows<{ waits: boolean }>(em)`
    select activated_at is null and disabled_at is null as waits from users where id = ${userId} for update`;
  if (!found) throw new DomainError('not_found', 'There is no such person.');
  if (!found.waits) throw new DomainError('person_not_invited', 'This person is not waiting for an invitation.');
}

async function sendInvitation(em: Sql, posting: Posting, userId: string, actor: Actor): Promise<LinkMade> {
  const { installation, configuration } = posting;
  const { token, expiresAt } = await makeLink(em, { purpose: 'invitation', userId, createdBy: actor.userId });
  const [who] = await rows<{ email: string; invited_by: string | null }>(em)`
    select u.email, (select coalesce(by.name, by.email) from users by where by.id = ${actor.userId}::uuid) as invited_by
    from users u where u.id = ${userId}`;
  const link = linkUrl(configuration.publicUrl, 'invitation', token);
  await queueMail(
    em,
    installation.keyring,
    who!.email,
    invitationMail({ link, expiresAt, invitedBy: who!.invited_by }),
  );
  return { expiresAt, link: (await mailsReachPeople(em)) ? null : link };
}

/** The invited person chooses a password. Returns who it is. Refuses with `link_invalid`, `password_weak`. */
export async function acceptInvitation(
  em: Sql,
  { installation }: Posting,
  given: { token: string; password: string; name?: string | undefined },
  actor: Actor,
): Promise<string> {
  const { token, password, name } = given;
  const link = await findLink(em, installation.keyring, token);
  if (link.purpose === 'invitation') await refuseWeakPassword(password, { email: link.email, name: name ?? link.name });
  const hash = await hashPassword(password);
  const { userId } = link;
  await em.transactional(async (tx) => {
    await useLink(tx, token, ['invitation']);
    await rows(tx)`
      update users set password_hash = ${hash}, password_changed_at = now(), activated_at = now(),
        name = coalesce(${name ?? null}, name)
      where id = ${userId} and activated_at is null`;
    await endLinks(tx, userId, ['password_reset']);
    await tellOfUser(tx, userId, 'user.joined', {}, asUser(actor, userId));
  });
  return userId;
}
