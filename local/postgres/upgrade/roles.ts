import pg from 'pg';

const { escapeIdentifier: ident, escapeLiteral: literal } = pg;

/** The first oid of what is not made by initdb (PostgreSQL's source, access/transam.h, FirstNormalObjectId). */
const firstOwn = 16384;

interface Role {
  name: string;
  isFirst: boolean;
  attributes: string;
  connections: number;
  password: string | null;
  until: string | null;
  comment: string | null;
}

const rolesQuery = `
  select rolname as name, oid = 10 as "isFirst", rolconnlimit as connections, rolpassword as password,
    case when rolvaliduntil is not null then rolvaliduntil::text end as until, shobj_description(oid, 'pg_authid') as comment,
    concat_ws(' ', case when rolsuper then '' else 'NO' end || 'SUPERUSER', case when rolinherit then '' else 'NO' end || 'INHERIT',
      case when rolcreaterole then '' else 'NO' end || 'CREATEROLE', case when rolcreatedb then '' else 'NO' end || 'CREATEDB',
      case when rolcanlogin then '' else 'NO' end || 'LOGIN', case when rolreplication then '' else 'NO' end || 'REPLICATION',
      case when rolbypassrls then '' else 'NO' end || 'BYPASSRLS') as attributes
  from pg_authid where oid = 10 or oid >= ${firstOwn} order by rolname`;

interface Membership {
  role: string;
  member: string;
  grantor: string | null;
  options: string;
}

/** Since 16 a membership says itself whether it is inherited, and who gave it is kept up to date. */
const membershipsQuery = (major: number): string => `
  select r.rolname as role, m.rolname as member, ${major >= 16 ? 'g.rolname' : 'null'} as grantor,
    'ADMIN ' || a.admin_option${major >= 16 ? ` || ', INHERIT ' || a.inherit_option || ', SET ' || a.set_option` : ''} as options
  from pg_auth_members a join pg_authid r on r.oid = a.roleid join pg_authid m on m.oid = a.member left join pg_authid g on g.oid = a.grantor
  where r.oid >= ${firstOwn} or m.oid >= ${firstOwn} or m.oid = 10 order by 1, 2, 3`;

/** Settings of a role in every database, and of everybody; those in one database come with it. */
const settingsQuery = `
  select r.rolname as role, split_part(c, '=', 1) as name, substr(c, strpos(c, '=') + 1) as value
  from pg_db_role_setting s left join pg_authid r on r.oid = s.setrole, unnest(s.setconfig) c where s.setdatabase = 0 order by 1, 2`;

const parametersQuery = `
  select p.parname as name, g.privilege_type as privilege, coalesce(r.rolname, '') as role, g.is_grantable as "isGrantable"
  from pg_parameter_acl p, aclexplode(p.paracl) g left join pg_authid r on r.oid = g.grantee where g.grantee <> 10 order by 1, 2, 3`;

interface Setting {
  role: string | null;
  name: string;
  value: string;
}
interface ParameterGrant {
  name: string;
  privilege: string;
  role: string;
  isGrantable: boolean;
}

/** Roles with their passwords, memberships, settings: what belongs to no database. May run again. */
export async function moveRoles(source: pg.Client, target: pg.Client): Promise<number> {
  const { rows: roles } = await source.query<Role>(rolesQuery);
  const { rows: present } = await target.query<{ name: string }>('select rolname as name from pg_authid');
  const there = new Set(present.map(({ name }) => name));
  for (const role of roles) if (!there.has(role.name)) await target.query(`create role ${ident(role.name)}`);
  for (const { name, attributes, connections, password, until, comment } of roles) {
    await target.query(
      `alter role ${ident(name)} with ${attributes} connection limit ${connections} ` +
        `password ${password === null ? 'null' : literal(password)} valid until ${literal(until ?? 'infinity')}`,
    );
    if (comment !== null) await target.query(`comment on role ${ident(name)} is ${literal(comment)}`);
  }
  await moveMemberships(source, target);
  for (const setting of (await source.query<Setting>(settingsQuery)).rows) await moveSetting(target, setting);
  for (const { name, privilege, role, isGrantable } of (await source.query<ParameterGrant>(parametersQuery)).rows)
    await target.query(
      `grant ${privilege} on parameter ${name} to ${role === '' ? 'public' : ident(role)}${isGrantable ? ' with grant option' : ''}`,
    );
  return roles.length;
}

/** Who grants needs the right to do so first: what is refused is tried again for as long as others go through. */
async function moveMemberships(source: pg.Client, target: pg.Client): Promise<void> {
  const major = await majorOf(source);
  let left = (await source.query<Membership>(membershipsQuery(major))).rows;
  for (let refusal: unknown = null; left.length > 0;) {
    const refused: Membership[] = [];
    for (const one of left) {
      const by = one.grantor === null ? '' : ` granted by ${ident(one.grantor)}`;
      await target
        .query(`grant ${ident(one.role)} to ${ident(one.member)} with ${one.options}${by}`)
        .catch((error: unknown) => {
          refusal = error;
          refused.push(one);
        });
    }
    if (refused.length === left.length) throw refusal;
    left = refused;
  }
}

/** Taken over from a session that has the value: a list of names is written otherwise than a text, and the server knows which is which. */
async function moveSetting(target: pg.Client, { role, name, value }: Setting): Promise<void> {
  const whose = `alter role ${role === null ? 'all' : ident(role)} set ${name.split('.').map(ident).join('.')}`;
  const isSet = await target.query('select set_config($1, $2, false)', [name, value]).then(
    () => true,
    () => false, // what only a new session may set is a plain text
  );
  await target.query(isSet ? `${whose} from current` : `${whose} to ${literal(value)}`);
  if (isSet) await target.query(`reset ${name.split('.').map(ident).join('.')}`);
}

/** Everything above as lines of text, alike on both sides once it is moved. */
export async function rolesSaid(client: pg.Client, formerMajor: number): Promise<string[]> {
  const lines = [
    ...(await client.query<Role>(rolesQuery)).rows.map((role) => ['role', ...Object.values(role)]),
    ...(await client.query<Membership>(membershipsQuery(formerMajor))).rows.map((one) => [
      'member',
      ...Object.values(one),
    ]),
    ...(await client.query<Setting>(settingsQuery)).rows.map((one) => ['setting', ...Object.values(one)]),
    ...(await client.query<ParameterGrant>(parametersQuery)).rows.map((one) => ['parameter', ...Object.values(one)]),
  ];
  // “Never” and “no end” are the same.
  return lines.map((line) => JSON.stringify(line.map((value: unknown) => (value === 'infinity' ? null : value))));
}

export async function majorOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ major: number }>(
    `select current_setting('server_version_num')::int / 10000 as major`,
  );
  return rows[0]!.major;
}
