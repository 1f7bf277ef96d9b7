import pg from 'pg';
import type { Right, Shape } from './shape.ts';

const ident = pg.escapeIdentifier;

/** Each by itself: one that PostgreSQL refuses shall not keep the others. What could not be mended is found again by `verify`. */
async function attempt(client: pg.ClientBase, statement: string): Promise<void> {
  await client.query('savepoint mending');
  try {
    await client.query(statement);
  } catch (error) {
    await client.query('rollback to savepoint mending');
    if (!(error instanceof pg.DatabaseError)) throw error;
  }
  await client.query('release savepoint mending');
}

/** The schema and what is in it belong to the provisioner again: before anything else, because only an owner may grant. */
export async function mendOwners(client: pg.ClientBase, name: string): Promise<void> {
  const { rows } = await client.query<{ what: string; owner: string }>(
    `select * from (
       select 'schema ' || quote_ident(nspname) as what, pg_get_userbyid(nspowner) as owner from pg_namespace where nspname = $1
       union all
       select case c.relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence ' when 'f' then 'foreign table '
                else 'table ' end || format('%I.%I', n.nspname, c.relname), pg_get_userbyid(c.relowner)
         from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = $1
         where c.relkind in ('r', 'p', 'v', 'm', 'f') or (c.relkind = 'S' and not exists (
           select 1 from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')))
     ) owned where owner <> current_user`,
    [name],
  );
  if (rows.length === 0) return;
  // Whoever gives a thing away must have the rights of its owner (PostgreSQL 16: a role's creator administers it only).
  const owners = [...new Set(rows.map(({ owner }) => ident(owner)))];
  for (const owner of owners) await attempt(client, `grant ${owner} to current_user with inherit true, set true`);
  for (const { what } of rows) await attempt(client, `alter ${what} owner to current_user`);
  for (const owner of owners) await attempt(client, `revoke ${owner} from current_user`);
}

/** Nobody but the tenant's role and the reader has anything to do in the schema, and neither makes tables in it. */
export async function mendSchemaRights(client: pg.ClientBase, name: string, readerRole: string | null): Promise<void> {
  const { rows } = await client.query<{ grantee: string; privilege: string }>(
    `select case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee, a.privilege_type as privilege
     from pg_namespace n, aclexplode(n.nspacl) a
     where n.nspname = $1 and a.grantee <> n.nspowner
       and not (a.privilege_type = 'USAGE' and a.grantee <> 0 and pg_get_userbyid(a.grantee) in ($1, $2))`,
    [name, readerRole],
  );
  for (const { grantee, privilege } of rows)
    await attempt(client, `revoke ${privilege} on schema ${ident(name)} from ${grantee} cascade`);
}

/** Grants what the reference grants and takes what it does not, on what is there in both. */
export async function mendRights(client: pg.ClientBase, name: string, is: Shape, reference: Shape): Promise<void> {
  const key = (right: Right) => `${right.relation} ${right.grantee} ${right.privilege}`;
  const wanted = new Set(reference.rights.map(key));
  const given = new Set(is.rights.map(key));
  const known = ({ relation }: Right) => is.lines.has(relation) && reference.lines.has(relation);
  const statement = (verb: string, { relation, isSequence, grantee, privilege }: Right, preposition: string) => {
    const role = grantee === 'tenant' ? ident(name) : grantee === 'everyone' ? 'public' : ident(grantee);
    const relationName = ident(relation.slice(relation.indexOf(' ') + 1));
    return `${verb} ${privilege} on ${isSequence ? 'sequence' : 'table'} ${ident(name)}.${relationName} ${preposition} ${role}`;
  };
  for (const right of is.rights)
    if (known(right) && !wanted.has(key(right))) await attempt(client, statement('revoke', right, 'from'));
  for (const right of reference.rights)
    if (known(right) && !given.has(key(right))) await attempt(client, statement('grant', right, 'to'));
}

/** What its maker may take from a role again; what only a superuser may, and memberships that others granted, `verify` goes on telling. */
export const mendRole = (client: pg.ClientBase, name: string): Promise<void> =>
  attempt(
    client,
    `alter role ${ident(name)} inherit nocreaterole nocreatedb connection limit -1 valid until 'infinity'`,
  );
