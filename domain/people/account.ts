import { DomainError } from '#contracts/errors.ts';
import type { Account } from '#contracts/identity/account.ts';
import { bumpAccessEpoch } from '../access/epoch.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { queueMail } from '../mails/outbox.ts';
import { mailChangeMail } from '../mails/texts.ts';
import { followOwner } from '../members/followOwner.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { rows } from '../sql.ts';
import { requiresSecondFactor } from './factors/factorCounts.ts';
import { endLinks, findLink, makeMailChangeLink, pendingEmailOf, useLink } from './links.ts';
import { listPasskeys } from './factors/passkeys.ts';
import { notify } from './notify.ts';
import { changeProfile } from './profiles.ts';
import type { KeptProfile, Realm } from './realm.ts';
import { asUser, tellOfUser } from './userEvents.ts';
import { isoOf } from '../isoOf.ts';

export async function viewAccount(em: Sql, realm: Realm, userId: string): Promise<Account> {
  const [user] = await rows<
    KeptProfile & {
      created_at: string;
      password_changed_at: string;
      totp_since: string | null;
      totp_used_at: string | null;
      codes_left: number;
      codes_since: string | null;
    }
  >(em)`
    select u.email, u.name, u.sealed_profile, u.created_at, u.password_changed_at, t.confirmed_at as totp_since, t.last_used_at as totp_used_at,
           (select count(*)::int from recovery_codes c where c.user_id = u.id and c.used_at is null) as codes_left,
           (select max(c.created_at) from recovery_codes c where c.user_id = u.id) as codes_since
    from users u left join totp_secrets t on t.user_id = u.id and t.confirmed_at is not null where u.id = ${userId}`;
  if (!user) throw new DomainError('unauthenticated', 'Sign in first.');
  return {
    id: userId,
    ...realm.open(userId, user),
    createdAt: isoOf(user.created_at),
    passwordChangedAt: isoOf(user.password_changed_at),
    pendingEmail: await pendingEmailOf(em, realm.keyring, userId),
    totp: user.totp_since
      ? { createdAt: isoOf(user.totp_since), lastUsedAt: user.totp_used_at && isoOf(user.totp_used_at) }
      : null,
    recoveryCodes: user.codes_since ? { left: user.codes_left, createdAt: isoOf(user.codes_since) } : null,
    passkeys: await listPasskeys(em, userId),
    secondFactorIsRequired: await requiresSecondFactor(em, userId),
  };
}

export async function renameAccount(
  em: Sql,
  realm: Realm,
  userId: string,
  name: string | null,
  actor: Actor,
): Promise<void> {
  await changeProfile(em, realm, userId, { name });
  await tellOfUser(em, userId, 'user.renamed', {}, actor);
  await bumpAccessEpoch(em); // sessions remember the name
}

/**
 * Asks the new address to confirm and tells the old one. The same is done when somebody else has the address already: that shows to
 * its owner, who uses the link, and to nobody else.
 */
export async function startMailChange(
  em: Sql,
  realm: Realm,
  { userId, email: from }: { userId: string; email: string },
  to: string,
  actor: Actor,
): Promise<{ email: string; expiresAt: string }> {
  const { keyring } = realm;
  const email = to.trim().toLowerCase();
  const { token, expiresAt } = await makeMailChangeLink(em, keyring, { userId, email });
  const link = realm.linkUrl('mail_change', token);
  await queueMail(em, keyring, email, mailChangeMail({ link, expiresAt }, realm), realm.tenantId);
  await notify(em, realm, from, 'email_change_asked');
  await tellOfUser(em, userId, 'email.change_asked', {}, actor);
  return { email, expiresAt };
}

export async function withdrawMailChange(em: Sql, userId: string, actor: Actor): Promise<void> {
  await endLinks(em, userId, ['mail_change']);
  await tellOfUser(em, userId, 'email.change_withdrawn', {}, actor);
}

/** From the new mailbox. Returns whose address it now is. Refuses with `link_invalid`, `email_taken`. */
export async function confirmMailChange(
  em: Sql,
  realm: Realm,
  keys: TenantKeys,
  token: string,
  actor: Actor,
): Promise<string> {
  const { userId, newEmail, email } = await findLink(em, realm, token);
  await em.transactional(async (tx) => {
    if (newEmail !== null) await followOwner(tx, keys, realm, { was: email, is: newEmail }, asUser(actor, userId));
    await useLink(tx, token, ['mail_change']);
    if (newEmail !== null) await changeProfile(tx, realm, userId, { email: newEmail });
    await endLinks(tx, userId, ['password_reset', 'recovery']);
    await tellOfUser(tx, userId, 'email.changed', {}, asUser(actor, userId));
    await bumpAccessEpoch(tx); // sessions remember the address
    await notify(tx, realm, email, 'email_changed');
  });
  return userId;
}
