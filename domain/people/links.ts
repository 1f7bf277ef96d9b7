import { randomBytes } from 'node:crypto';
import { DomainError } from '#contracts/errors.ts';
import type { LinkPurpose, LinkView } from '#contracts/identity/links.ts';
import type { Sql } from '../database.ts';
import { seal, unseal, type Keyring } from '../secrets/keyring.ts';
import { rows } from '../sql.ts';
import { hashOfToken } from '../secrets/tokens.ts';
import type { KeptProfile, Realm } from './realm.ts';

/** How long each is good for: what is asked for is used soon, an invitation lies in a mailbox over a weekend. */
const hours: Record<LinkPurpose, number> = { invitation: 7 * 24, password_reset: 1, recovery: 1, mail_change: 24 };

const contextOf = (userId: string): string => `mail-change/${userId}`;

/**
 * A one-time link of 192 random bits; earlier ones for the same purpose end. Only its hash is kept.
 *
 * @param link.token given by who must be able to make the very same link again; used up, it stays used up
 */
export async function makeLink(
  em: Sql,
  link: { purpose: LinkPurpose; userId: string; createdBy: string | null; sealedEmail?: Buffer; token?: string },
): Promise<{ token: string; expiresAt: string }> {
  const { purpose, userId, createdBy, sealedEmail = null, token = newLinkToken() } = link;
  await endLinks(em, userId, [purpose]);
  const [made] = await rows<{ expires_at: string }>(em)`
    insert into one_time_links (token_hash, purpose, user_id, created_by, sealed_email, expires_at)
    values (${hashOfToken(token)}, ${purpose}, ${userId}, ${createdBy}, ${sealedEmail},
            now() + make_interval(hours => ${hours[purpose]}::int))
    on conflict (token_hash) do update set used_at = one_time_links.used_at returning expires_at`;
  return { token, expiresAt: new Date(made!.expires_at).toISOString() };
}

const newLinkToken = (): string => randomBytes(24).toString('base64url');

/** For the change to an address that is not the person's yet. */
export const makeMailChangeLink = (
  em: Sql,
  keyring: Keyring,
  { userId, email }: { userId: string; email: string },
): Promise<{ token: string; expiresAt: string }> =>
  makeLink(em, {
    purpose: 'mail_change',
    userId,
    createdBy: userId,
    sealedEmail: seal(keyring.platformKey, Buffer.from(email), contextOf(userId)),
  });

export interface UsableLink {
  purpose: LinkPurpose;
  userId: string;
  email: string;
  name: string | null;
  /** The address to change to. */
  newEmail: string | null;
  expiresAt: string;
}

/** Whom of this realm a link is for, while it is good. Refuses with `link_invalid`, which does not tell why. */
export async function findLink(em: Sql, realm: Realm, token: string): Promise<UsableLink> {
  const [found] = await rows<
    KeptProfile & {
      purpose: LinkPurpose;
      user_id: string;
      sealed_email: Buffer | null;
      expires_at: string;
    }
  >(em)`
    select l.purpose, l.user_id, u.email, u.name, u.sealed_profile, l.sealed_email, l.expires_at
    from one_time_links l join users u on u.id = l.user_id
    where l.token_hash = ${hashOfToken(token)} and l.used_at is null and l.expires_at > now()
      and u.tenant_id is not distinct from ${realm.tenantId}::uuid and (u.disabled_at is null or l.purpose = 'recovery')`;
  if (!found) throw invalidLink();
  const newEmail =
    found.sealed_email && unseal(realm.keyring.platformKey, found.sealed_email, contextOf(found.user_id)).toString();
  return {
    purpose: found.purpose,
    userId: found.user_id,
    ...realm.open(found.user_id, found),
    newEmail,
    expiresAt: new Date(found.expires_at).toISOString(),
  };
}

export const viewLink = ({ purpose, email, name, newEmail, expiresAt }: UsableLink): LinkView => ({
  purpose,
  email: newEmail ?? email,
  name,
  expiresAt,
});

/** Uses it up, in the transaction of what it is worth; of two at once, one wins. Refuses with `link_invalid`. */
export async function useLink(em: Sql, token: string, purposes: readonly LinkPurpose[]): Promise<void> {
  const used = await rows(em)`
    update one_time_links set used_at = now(), sealed_email = null
    where token_hash = ${hashOfToken(token)} and purpose = any(${[...purposes]}::text[]) and used_at is null and expires_at > now()
    returning 1`;
  if (used.length === 0) throw invalidLink();
}

export const endLinks = (em: Sql, userId: string, purposes: readonly LinkPurpose[]): Promise<unknown> =>
  rows(em)`
    delete from one_time_links where user_id = ${userId} and purpose = any(${[...purposes]}::text[]) and used_at is null`;

/** The address that waits to be confirmed; null when none does. */
export async function pendingEmailOf(
  em: Sql,
  keyring: Keyring,
  userId: string,
): Promise<{ email: string; expiresAt: string } | null> {
  const [found] = await rows<{ sealed_email: Buffer; expires_at: string }>(em)`
    select sealed_email, expires_at from one_time_links
    where user_id = ${userId} and purpose = 'mail_change' and used_at is null and expires_at > now()`;
  return (
    (found && {
      email: unseal(keyring.platformKey, found.sealed_email, contextOf(userId)).toString(),
      expiresAt: new Date(found.expires_at).toISOString(),
    }) ??
    null
  );
}

export const invalidLink = (): DomainError =>
  new DomainError('link_invalid', 'This link was used already or has expired. Ask for a new one.');
