import type { PortalRole } from '#contracts/portal/permissions.ts';
import type { Sql } from '../database.ts';
import { isoOf } from '../isoOf.ts';
import type { KeptProfile, Realm } from '../people/realm.ts';
import { rows } from '../sql.ts';

/** One of a tenant's people as an export tells of them: who they are, and what opens their sign-in, but no secret of it. */
export interface ExportedPerson {
  id: string;
  email: string;
  name: string | null;
  role: PortalRole;
  state: 'invited' | 'active' | 'disabled';
  invitedAt: string;
  joinedAt: string | null;
  lastSignInAt: string | null;
  totp: boolean;
  passkeys: number;
  recoveryCodesLeft: number;
}

/** How many people of a tenant there are, and of what would let them in. */
export interface PeopleCounts {
  people: number;
  sessions: number;
  links: number;
  totpSecrets: number;
  passkeys: number;
  recoveryCodes: number;
  mails: number;
}

const readAtOnce = 500;

/** All people of a tenant, in the order in which they were invited, some hundreds in memory at a time. */
export async function* streamPeople(em: Sql, realm: Realm): AsyncGenerator<ExportedPerson> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const found = await rows<
      KeptProfile & {
        id: string;
        portal_role: PortalRole;
        state: ExportedPerson['state'];
        created_at: string;
        joined_at: string | null;
        last_sign_in_at: string | null;
        totp: boolean;
        passkeys: number;
        codes_left: number;
      }
    >(em)`
      select u.id, u.email, u.name, u.sealed_profile, u.portal_role, u.created_at, u.activated_at as joined_at, u.last_sign_in_at,
             case when u.disabled_at is not null then 'disabled' when u.activated_at is null then 'invited' else 'active' end as state,
             exists (select 1 from totp_secrets t where t.user_id = u.id and t.confirmed_at is not null) as totp,
             (select count(*)::int from passkeys k where k.user_id = u.id) as passkeys,
             (select count(*)::int from recovery_codes c where c.user_id = u.id and c.used_at is null) as codes_left
      from users u where u.tenant_id = ${realm.tenantId}::uuid and u.id > ${after}::uuid order by u.id limit ${readAtOnce}`;
    for (const row of found)
      yield {
        id: row.id,
        ...realm.open(row.id, row),
        role: row.portal_role,
        state: row.state,
        invitedAt: isoOf(row.created_at),
        joinedAt: row.joined_at && isoOf(row.joined_at),
        lastSignInAt: row.last_sign_in_at && isoOf(row.last_sign_in_at),
        totp: row.totp,
        passkeys: row.passkeys,
        recoveryCodesLeft: row.codes_left,
      };
    const last = found.at(-1);
    if (!last || found.length < readAtOnce) return;
    after = last.id;
  }
}

export async function countPeople(em: Sql, tenantId: string): Promise<PeopleCounts> {
  const [counts] = await rows<PeopleCounts>(em)`
    with people as (select id from users where tenant_id = ${tenantId})
    select (select count(*)::int from people) as people,
           (select count(*)::int from sessions where user_id in (select id from people)) as sessions,
           (select count(*)::int from one_time_links where user_id in (select id from people)) as links,
           (select count(*)::int from totp_secrets where user_id in (select id from people)) as "totpSecrets",
           (select count(*)::int from passkeys where user_id in (select id from people)) as passkeys,
           (select count(*)::int from recovery_codes where user_id in (select id from people)) as "recoveryCodes",
           (select count(*)::int from mails where tenant_id = ${tenantId}) as mails`;
  if (!counts) throw new Error('a select without rows');
  return counts;
}

/**
 * Takes all people of a tenant away, with what let them in and what was to be mailed to them; twice is once. Belongs into a transaction.
 *
 * @returns how much there was
 */
export async function erasePeople(em: Sql, tenantId: string): Promise<PeopleCounts> {
  const counts = await countPeople(em, tenantId);
  await rows(em)`delete from users where tenant_id = ${tenantId}`;
  await rows(em)`delete from mails where tenant_id = ${tenantId}`;
  return counts;
}
