import { DomainError } from '#contracts/errors.ts';
import type { Member, Members, MembersQuery } from '#contracts/portal/members.ts';
import type { PortalRole } from '#contracts/portal/permissions.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import type { Sql } from '../database.ts';
import { isoOf } from '../isoOf.ts';
import type { KeptProfile, Realm } from '../people/realm.ts';
import { rows } from '../sql.ts';

/** Names and addresses rest sealed, so a search reads people and not an index: so many at once. */
const readAtOnce = 200;
const beforeAll = '00000000-0000-0000-0000-000000000000';

interface Row extends KeptProfile {
  id: string;
  portal_role: PortalRole;
  state: Member['state'];
  created_at: string;
  last_sign_in_at: string | null;
  invitation_expires_at: string | null;
  invitation_is_over: boolean | null;
  totp: boolean;
  passkeys: number;
}

/** The people of a tenant, in the order in which they were invited. */
export async function listMembers(em: Sql, realm: Realm, query: MembersQuery): Promise<Members> {
  const { role = null, state = null, cursor, limit } = query;
  const search = query.search?.toLowerCase() ?? '';
  const items: Member[] = [];
  let after = cursor === undefined ? beforeAll : readCursor(cursor, 'text').id;
  for (;;) {
    const found = await findRows(em, realm, { id: null, role, state, after, count: readAtOnce });
    for (const row of found) {
      const member = viewMember(realm, row);
      const fits = `${member.email}\n${member.name?.toLowerCase() ?? ''}`.includes(search);
      if (fits && items.length === limit) return { items, nextCursor: writeCursor(items.at(-1)!.id, items.at(-1)!.id) };
      if (fits) items.push(member);
    }
    const last = found.at(-1);
    if (!last || found.length < readAtOnce) return { items, nextCursor: null };
    after = last.id;
  }
}

/** Refuses with `not_found`, also who is another tenant's. */
export async function findMember(em: Sql, realm: Realm, memberId: string): Promise<Member> {
  const [found] = await findRows(em, realm, { id: memberId, role: null, state: null, after: beforeAll, count: 1 });
  if (!found) throw noMember();
  return viewMember(realm, found);
}

export const noMember = (): DomainError => new DomainError('not_found', 'There is no such member.');

const findRows = (
  em: Sql,
  { tenantId }: Realm,
  by: { id: string | null; role: PortalRole | null; state: Member['state'] | null; after: string; count: number },
): Promise<Row[]> =>
  rows<Row>(em)`
    select * from (
      select u.id, u.email, u.name, u.sealed_profile, u.portal_role, u.created_at, u.last_sign_in_at,
             l.expires_at as invitation_expires_at, l.expires_at <= now() as invitation_is_over,
             case when u.disabled_at is not null then 'disabled' when u.activated_at is null then 'invited' else 'active' end as state,
             exists (select 1 from totp_secrets t where t.user_id = u.id and t.confirmed_at is not null) as totp,
             (select count(*)::int from passkeys k where k.user_id = u.id) as passkeys
      from users u left join one_time_links l on l.user_id = u.id and l.purpose = 'invitation' and l.used_at is null
      where u.tenant_id = ${tenantId}::uuid) member
    where (${by.id}::uuid is null or id = ${by.id}::uuid) and (${by.role}::text is null or portal_role = ${by.role}::text)
      and (${by.state}::text is null or state = ${by.state}::text) and id > ${by.after}::uuid
    order by id limit ${by.count}`;

const viewMember = (realm: Realm, row: Row): Member => ({
  id: row.id,
  ...realm.open(row.id, row),
  role: row.portal_role,
  state: row.state,
  createdAt: isoOf(row.created_at),
  lastSignInAt: row.last_sign_in_at && isoOf(row.last_sign_in_at),
  invitation:
    row.state === 'invited'
      ? {
          expiresAt: isoOf(row.invitation_expires_at ?? row.created_at),
          hasExpired: row.invitation_is_over ?? true,
        }
      : null,
  totp: row.totp,
  passkeys: row.passkeys,
});
