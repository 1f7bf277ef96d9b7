import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import type { KeptProfile, Profile, Realm } from './realm.ts';

/** PostgreSQL's word for a value that another row has. */
const uniqueViolation = '23505';

/** Somebody of this realm in clear; null when they are not of it, or not any more. */
export async function findProfile(em: Sql, realm: Realm, userId: string): Promise<Profile | null> {
  const [kept] = await rows<KeptProfile>(em)`
    select email, name, sealed_profile from users
    where id = ${userId} and tenant_id is not distinct from ${realm.tenantId}::uuid`;
  return kept ? realm.open(userId, kept) : null;
}

/** Changes how somebody is called or reached; belongs into a transaction. Refuses with `email_taken`. */
export async function changeProfile(em: Sql, realm: Realm, userId: string, change: Partial<Profile>): Promise<void> {
  await rows(em)`select 1 from users where id = ${userId} for no key update`;
  const known = await findProfile(em, realm, userId);
  if (!known) throw new DomainError('not_found', 'There is no such person.');
  const { email, name, sealed_profile: sealed } = realm.keep(userId, { ...known, ...change });
  await rows(em)`
    update users set email = ${email}, name = ${name}, sealed_profile = ${sealed}::bytea where id = ${userId}`.catch(
    (error: { code?: string }) => {
      if (error.code !== uniqueViolation) throw error;
      throw new DomainError('email_taken', 'Somebody signs in with this address already.');
    },
  );
}
