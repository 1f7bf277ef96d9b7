import type { People, PeopleQuery, Person } from '#contracts/identity/people.ts';
import { DomainError } from '#contracts/errors.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

interface Row {
  id: string;
  email: string;
  name: string | null;
  state: Person['state'];
  created_at: string;
  last_sign_in_at: string | null;
  invited_by: string | null;
  invitation_expires_at: string | null;
  totp: boolean;
  passkeys: number;
  codes_left: number;
}

/** Everybody of the platform who signs in here, by address. Who belongs to a tenant is nobody here. */
export async function listPeople(em: Sql, query: PeopleQuery): Promise<People> {
  const { search = '', state = null, cursor, limit } = query;
  const after = cursor === undefined ? null : readCursor(cursor, 'text');
  const like = `%${search.replace(/[\\%_]/g, '\\$&')}%`;
  const found = await findPeople(em, { id: null, like, state, after: after?.value ?? null, count: limit + 1 });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return {
    items: items.map(viewPerson),
    nextCursor: found.length > limit && last ? writeCursor(last.email, last.id) : null,
  };
}

/** Refuses with `not_found`. */
export async function findPerson(em: Sql, userId: string): Promise<Person> {
  const [found] = await findPeople(em, { id: userId, like: '%', state: null, after: null, count: 1 });
  if (!found) throw new DomainError('not_found', 'There is no such person.');
  return viewPerson(found);
}

const findPeople = (
  em: Sql,
  by: { id: string | null; like: string; state: Person['state'] | null; after: string | null; count: number },
): Promise<Row[]> =>
  rows<Row>(em)`
    select * from (
      select u.id, u.email, u.name, u.created_at, u.last_sign_in_at, by.email as invited_by, l.expires_at as invitation_expires_at,
             case when u.disabled_at is not null then 'disabled' when u.activated_at is null then 'invited' else 'active' end as state,
             exists (select 1 from totp_secrets t where t.user_id = u.id and t.confirmed_at is not null) as totp,
             (select count(*)::int from passkeys k where k.user_id = u.id) as passkeys,
             (select count(*)::int from recovery_codes c where c.user_id = u.id and c.used_at is null) as codes_left
      from users u left join users by on by.id = u.invited_by
      left join one_time_links l on l.user_id = u.id and l.purpose = 'invitation' and l.used_at is null
      where u.tenant_id is null) person
    where (${by.id}::uuid is null or id = ${by.id}::uuid) and (email ilike ${by.like} or name ilike ${by.like})
      and (${by.state}::text is null or state = ${by.state}::text) and (${by.after}::text is null or email > ${by.after}::text)
    order by email limit ${by.count}`;

const viewPerson = (row: Row): Person => ({
  id: row.id,
  email: row.email,
  name: row.name,
  state: row.state,
  createdAt: new Date(row.created_at).toISOString(),
  lastSignInAt: row.last_sign_in_at && new Date(row.last_sign_in_at).toISOString(),
  invitation:
    row.state === 'invited'
      ? {
          expiresAt: new Date(row.invitation_expires_at ?? row.created_at).toISOString(),
          invitedBy: row.invited_by,
        }
      : null,
  totp: row.totp,
  passkeys: row.passkeys,
  recoveryCodesLeft: row.codes_left,
});
