import { randomBytes } from 'node:crypto';
import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import { bumpAccessEpoch } from '../access/epoch.ts';
import type { Sql } from '../database.ts';
import { theSystem } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { refuseWeakPassword } from './passwordPolicy.ts';
import { hashPassword } from './passwords.ts';
import { tellOfUser } from './userEvents.ts';
import { hashOfToken } from '../secrets/tokens.ts';

const linkHours = 24;

export async function hasOwner(em: Sql): Promise<boolean> {
  return (
    (
      await rows(em)`
    select 1 from role_assignments a join users u on u.id = a.user_id
    where a.role = 'owner' and a.scope_kind = 'platform' and u.tenant_id is null and u.disabled_at is null limit 1`
    ).length > 0
  );
}

/** A one-time token with which the first owner sets a password; earlier ones end. Only its hash is kept. */
export async function createSetupToken(em: Sql): Promise<string> {
  const token = randomBytes(24).toString('base64url');
  await em.transactional(async (tx) => {
    await rows(tx)`delete from setup_links`;
    await rows(tx)`
      insert into setup_links (token_hash, expires_at)
      values (${hashOfToken(token)}, now() + make_interval(hours => ${linkHours}::int))`;
  });
  return token;
}

/** Exchanges the token for the first owner. Refuses with `setup_link_invalid`, `password_weak`; of two at once, one wins. */
export async function claimOwnership(
  em: Sql,
  claim: { token: string; email: string; password: string },
): Promise<string> {
  const invalid = new DomainError(
    'setup_link_invalid',
    'This link was used already or has expired. Start again to get a new one.',
  );
  const usable = await rows(em)`
    select 1 from setup_links where token_hash = ${hashOfToken(claim.token)} and used_at is null and expires_at > now()`;
  if (usable.length === 0) throw invalid; // before the costly hash
  await refuseWeakPassword(claim.password, { email: claim.email, name: null });
  const passwordHash = await hashPassword(claim.password);
  return em.transactional(async (tx) => {
    const used = await rows(tx)`
      update setup_links set used_at = now()
      where token_hash = ${hashOfToken(claim.token)} and used_at is null and expires_at > now() returning 1`;
    if (used.length === 0) throw invalid;
    return insertOwner(tx, claim.email, passwordHash);
  });
}

/** For unattended starts: creates the owner unless there is one. Returns whether it did. Refuses with `password_weak`. */
export async function createOwner(em: Sql, email: string, password: string): Promise<boolean> {
  if (await hasOwner(em)) return false;
  await refuseWeakPassword(password, { email, name: null });
  const passwordHash = await hashPassword(password);
  await em.transactional((tx) => insertOwner(tx, email, passwordHash));
  return true;
}

async function insertOwner(em: Sql, email: string, passwordHash: string): Promise<string> {
  const id = newId();
  await rows(em)`
    insert into users (id, email, password_hash) values (${id}, ${email.trim().toLowerCase()}, ${passwordHash})`;
  await rows(em)`insert into role_assignments (user_id, role, scope_kind) values (${id}, 'owner', 'platform')`;
  await bumpAccessEpoch(em);
  await tellOfUser(em, id, 'user.created', { role: 'owner' }, theSystem);
  return id;
}
