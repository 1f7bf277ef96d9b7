import type pg from 'pg';
import type { Difference } from '../provider.ts';
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
  groups: string[] | null;
  members: string[] | null;
}

const attributesQuery = `
  select rolcanlogin as login, rolcreaterole as "createsRoles", rolcreatedb as "createsDatabases", rolinherit as inherits,
         rolsuper or rolreplication or rolbypassrls as mighty, rolconnlimit as "connectionLimit",
         nullif(rolvaliduntil, 'infinity')::text as ends,
         (select s from pg_db_role_setting d, unnest(d.setconfig) s
          where d.setrole = r.oid and d.setdatabase = (select oid from pg_database where datname = current_database())
            and s like 'search_path=%') as "searchPath",
         (select array_agg(pg_get_userbyid(roleid)::text order by 1) from pg_auth_members where member = r.oid) as groups,
         (select array_agg(distinct pg_get_userbyid(member)::text) from pg_auth_members where roleid = r.oid and pg_get_userbyid(member) <> $2) as members
  from pg_roles r where rolname = $1`;

/** How a tenant's login role differs from what `ensure` makes. */
export async function verifyRole(
  client: pg.ClientBase,
  expected: {
    name: string;
    isOurs(tag: string | null): boolean;
    owner: string;
    group: string;
    access: 'open' | 'suspended';
  },
): Promise<Difference[]> {
  const { name } = expected;
  const differences: Difference[] = [];
  const compare = (what: string, wanted: string, found: string, repair: Difference['repair'] = 'mend') => {
    if (wanted !== found) differences.push({ what: `${what} ${name}`, expected: wanted, found, repair });
  };
  const role = await roleTag(client, name);
  const { rows } = await client.query<Attributes>(attributesQuery, [name, expected.owner]);
  const [is] = rows;
  compare('role', 'present', role && is ? 'present' : 'missing');
  if (!role || !is) return differences;

  compare('tag of role', 'ours', tagWord(role.tag, expected.isOurs), role.tag === null ? 'mend' : 'none');
  compare('login of role', expected.access, is.login ? 'open' : 'suspended');
  const rights = [
    ...(is.createsRoles ? ['creates roles'] : []),
    ...(is.createsDatabases ? ['creates databases'] : []),
    ...(is.mighty ? ['superuser, replication or no row security'] : []),
  ].join(', ');
  compare('rights of role', 'ordinary', rights || 'ordinary', is.mighty ? 'none' : 'mend');
  compare('connection limit of role', 'none', is.connectionLimit === -1 ? 'none' : String(is.connectionLimit));
  compare('inheritance of role', 'on', is.inherits ? 'on' : 'off');
  compare('end of role', 'never', is.ends ?? 'never');
  compare('search path of role', name, (is.searchPath ?? 'none').replace('search_path=', '').replaceAll('"', ''));
  const groups = is.groups ?? [];
  const isElsewhere = groups.some((group) => group !== expected.group);
  compare('membership of role', expected.group, groups.join(', ') || 'none', isElsewhere ? 'none' : 'mend');
  compare('members of role', 'none', is.members?.join(', ') ?? 'none', 'none');
  return differences;
}

export const tagWord = (tag: string | null, isOurs: (tag: string | null) => boolean): string =>
  isOurs(tag) ? 'ours' : tag === null ? 'none' : 'not ours';
