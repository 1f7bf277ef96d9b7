import type pg from 'pg';
import type { Difference } from '../provider.ts';
import { loginRolesOf } from '#domain/resources/names.ts';
import type { Slot } from './logins.ts';
import { roleTag } from './schema.ts';

interface Attributes {
  login: boolean;
  createsRoles: boolean;
  createsDatabases: boolean;
  mighty: boolean;
  inherits: boolean;
  connectionLimit: number;
  ends: string | null;
  searchPath: string | null;
  actsAs: string | null;
  groups: string[] | null;
  members: string[] | null;
}

const settingOf = (name: 'search_path' | 'role'): string =>
  `(select replace(substr(s, ${name.length + 2}), '"', '') from pg_db_role_setting d, unnest(d.setconfig) s
    where d.setrole = r.oid and d.setdatabase = (select oid from pg_database where datname = current_database())
      and s like '${name}=%')`;

const attributesQuery = `
  select rolcanlogin as login, rolcreaterole as "createsRoles", rolcreatedb as "createsDatabases", rolinherit as inherits,
         rolsuper or rolreplication or rolbypassrls as mighty, rolconnlimit as "connectionLimit",
         nullif(rolvaliduntil, 'infinity')::text as ends,
         ${settingOf('search_path')} as "searchPath", ${settingOf('role')} as "actsAs",
         (select array_agg(pg_get_userbyid(roleid)::text order by 1) from pg_auth_members where member = r.oid) as groups,
         (select array_agg(distinct pg_get_userbyid(member)::text) from pg_auth_members where roleid = r.oid and not pg_get_userbyid(member) = any($2)) as members
  from pg_roles r where rolname = $1`;

interface Expected {
  name: string;
  isOurs(tag: string | null): boolean;
  owner: string;
  maker: string;
  group: string;
  access: 'open' | 'suspended';
  /** Which of the pair are to log in while the tenant is open. */
  logins: Slot[];
  /** Whether the second was needed ever. */
  hasSecond: boolean;
}

/** How a tenant's pair of login roles differs from what `ensure` makes. The second has the first's rights by being its only member. */
export async function verifyLogins(client: pg.ClientBase, expected: Expected): Promise<Difference[]> {
  const [first, second] = loginRolesOf(expected.name);
  const differences = await verifyRole(client, expected, {
    role: first,
    slot: 'first',
    group: expected.group,
    member: expected.hasSecond ? second : null,
  });
  const isThere = (await roleTag(client, second)) !== null;
  if (!isThere && !expected.logins.includes('second')) return differences;
  const ofSecond = await verifyRole(client, expected, { role: second, slot: 'second', group: first, member: null });
  return [...differences, ...ofSecond];
}

async function verifyRole(
  client: pg.ClientBase,
  expected: Expected,
  { role: name, slot, group, member }: { role: string; slot: Slot; group: string; member: string | null },
): Promise<Difference[]> {
  const differences: Difference[] = [];
  const compare = (what: string, wanted: string, found: string, repair: Difference['repair'] = 'mend') => {
    if (wanted !== found) differences.push({ what: `${what} ${name}`, expected: wanted, found, repair });
  };
  const role = await roleTag(client, name);
  const { rows } = await client.query<Attributes>(attributesQuery, [name, [expected.owner, expected.maker]]);
  const [is] = rows;
  compare('role', 'present', role && is ? 'present' : 'missing');
  if (!role || !is) return differences;

  compare('tag of role', 'ours', tagWord(role.tag, expected.isOurs), role.tag === null ? 'mend' : 'none');
  const login = expected.logins.includes(slot) ? expected.access : 'suspended';
  compare('login of role', login, is.login ? 'open' : 'suspended');
  const rights = [
    ...(is.createsRoles ? ['creates roles'] : []),
    ...(is.createsDatabases ? ['creates databases'] : []),
    ...(is.mighty ? ['superuser, replication or no row security'] : []),
  ].join(', ');
  compare('rights of role', 'ordinary', rights || 'ordinary', is.mighty ? 'none' : 'mend');
  compare('connection limit of role', 'none', is.connectionLimit === -1 ? 'none' : String(is.connectionLimit));
  compare('inheritance of role', 'on', is.inherits ? 'on' : 'off');
  compare('end of role', 'never', is.ends ?? 'never');
  compare('search path of role', expected.name, is.searchPath ?? 'none');
  if (slot === 'second') compare('acting of role', group, is.actsAs ?? 'none');
  const groups = is.groups ?? [];
  const isElsewhere = groups.some((one) => one !== group);
  compare('membership of role', group, groups.join(', ') || 'none', isElsewhere ? 'none' : 'mend');
  // The second is made a member with its first login; until then it is not there to be one.
  const members = (is.members ?? []).filter((one) => one !== member);
  compare('members of role', 'none', members.join(', ') || 'none', 'none');
  return differences;
}

export const tagWord = (tag: string | null, isOurs: (tag: string | null) => boolean): string =>
  isOurs(tag) ? 'ours' : tag === null ? 'none' : 'not ours';
