import pg from 'pg';
import { scramVerifier } from '#domain/secrets/scram.ts';
import type { Execute } from '#domain/resources/fences.ts';
import { loginRolesOf } from '#domain/resources/names.ts';
import { untilQuiet } from './sessions.ts';
import type { StoreConnections } from './stores/storeConnections.ts';

const ident = pg.escapeIdentifier;
const literal = pg.escapeLiteral;

export interface Tagged {
  tag: string | null;
}

export const executeOnClient =
  (client: pg.ClientBase): Execute =>
  async (text, values) =>
    (await client.query<Record<string, unknown>>(text, values)).rows;

/** Null when there is no such schema. The tag is the schema's comment; its owner is the provisioner, so the tenant cannot alter it. */
export async function schemaTag(client: pg.ClientBase, name: string): Promise<Tagged | null> {
  const { rows } = await client.query<Tagged>(
    `select obj_description(oid, 'pg_namespace') as tag from pg_namespace where nspname = $1`,
    [name],
  );
  return rows[0] ?? null;
}

/** Null when there is no such role. */
export async function roleTag(client: pg.ClientBase, name: string): Promise<Tagged | null> {
  const { rows } = await client.query<Tagged>(
    `select shobj_description(oid, 'pg_authid') as tag from pg_roles where rolname = $1`,
    [name],
  );
  return rows[0] ?? null;
}

/**
 * A login role that lands in its tenant's schema; one that is there (`tagged` is not null) is brought to it. The password reaches the server
 * as a verifier; null takes it away.
 */
export async function settleRole(
  client: pg.ClientBase,
  role: {
    name: string;
    schema: string;
    password: string | null;
    tag: string;
    database: string;
    tagged: boolean | null;
    /** Who creates it. */
    maker: string;
  },
): Promise<void> {
  const name = ident(role.name);
  const verifier = role.password === null ? 'null' : literal(await scramVerifier(role.password));
  const isNew = role.tagged === null;
  await together(client, [
    ...(isNew ? [`set local role ${ident(role.maker)}`] : []),
    isNew
      ? `create role ${name} login inherit nocreaterole nocreatedb password ${verifier}`
      : `alter role ${name} inherit password ${verifier}`,
    ...(role.tagged ? [] : [`comment on role ${name} is ${literal(role.tag)}`]),
    `alter role ${name} in database ${ident(role.database)} set search_path = ${ident(role.schema)}`,
    ...(isNew ? ['reset role'] : []),
  ]);
}

/**
 * Lets the role connect to its store. PostgreSQL locks a group until the end of the transaction that adds a member to it, so
 * this comes last: else all the tenants of a store would be made one after the other.
 */
export async function joinGroup(
  client: pg.ClientBase,
  name: string,
  { group, maker }: { group: string; maker: string },
): Promise<void> {
  const member = await client.query(`select 1 where pg_has_role($1, $2, 'member')`, [name, group]);
  if (!member.rowCount)
    await together(client, [`set local role ${ident(maker)}`, `grant ${ident(group)} to ${ident(name)}`, 'reset role']);
}

/** The tenant's role reads and writes what is in the schema and owns nothing of it; tables that come later are granted alike. */
export async function settleSchema(
  client: pg.ClientBase,
  schema: { name: string; tag: string; readerRole: string | null; tagged: boolean | null },
): Promise<void> {
  const name = ident(schema.name);
  const later = `alter default privileges in schema ${name} grant`;
  const reader = schema.readerRole === null ? null : ident(schema.readerRole);
  await together(client, [
    ...(schema.tagged === null ? [`create schema ${name}`] : []),
    ...(schema.tagged ? [] : [`comment on schema ${name} is ${literal(schema.tag)}`]),
    `grant usage on schema ${name} to ${name}`,
    `${later} select, insert, update, delete on tables to ${name}`,
    `${later} usage, select on sequences to ${name}`,
    ...(reader ? [`grant usage on schema ${name} to ${reader}`, `${later} select on tables to ${reader}`] : []),
  ]);
}

/** In one message: on a busy worker each answer that is waited for costs more than its statement. */
const together = (client: pg.ClientBase, statements: string[]): Promise<unknown> =>
  client.query(statements.join(';\n'));

export async function setAccess(client: pg.ClientBase, name: string, access: 'open' | 'suspended'): Promise<void> {
  const { rows } = await client.query<{ rolcanlogin: boolean }>(`select rolcanlogin from pg_roles where rolname = $1`, [
    name,
  ]);
  const wanted = access === 'open';
  if (rows[0] && rows[0].rolcanlogin !== wanted)
    await client.query(`alter role ${ident(name)} ${wanted ? 'login' : 'nologin'}`);
}

/**
 * NOLOGIN, end their sessions until none is left, then the schema and its roles in one transaction. What does not carry our tag is left
 * alone; that nothing is there is success. Given the name of a second role, only that one goes.
 */
export async function dropSchemaAndRole(
  connections: StoreConnections,
  databaseName: string,
  name: string,
  hooks: {
    isOurs(tag: string | null): boolean;
    whileFenced(client: pg.ClientBase): Promise<void>;
    whenGone(client: pg.ClientBase): Promise<unknown>;
  },
): Promise<void> {
  const roles = await connections.transaction(databaseName, async (client) => {
    const ours: string[] = [];
    for (const role of loginRolesOf(name)) {
      const found = await roleTag(client, role);
      if (!found || !hooks.isOurs(found.tag)) continue;
      await client.query(`alter role ${ident(role)} nologin`);
      // Its creator administers a role but does not have its rights (PostgreSQL 16); ending its sessions and DROP OWNED need them.
      await client.query(`grant ${ident(role)} to current_user with inherit true, set true`);
      ours.push(role);
    }
    return ours;
  });
  if (roles.length > 0) await untilQuiet(connections, databaseName, roles);
  for (const role of roles) await dropOwnedElsewhere(connections, databaseName, role);

  await connections.transaction(databaseName, async (client) => {
    await hooks.whileFenced(client);
    const schema = await schemaTag(client, name);
    if (schema && hooks.isOurs(schema.tag)) await client.query(`drop schema ${ident(name)} cascade`);
    for (const role of roles.toReversed()) {
      if (!(await roleTag(client, role))) continue;
      await client.query(`drop owned by ${ident(role)}`);
      await client.query(`drop role ${ident(role)}`);
    }
    await hooks.whenGone(client);
  });
}

/**
 * What a role made in another database where PUBLIC may connect (a large object needs no right at all) would keep it from being
 * dropped for ever; the tenant could so refuse its own removal.
 */
async function dropOwnedElsewhere(connections: StoreConnections, databaseName: string, role: string): Promise<void> {
  const { rows } = await connections.pool(databaseName).query<{ name: string }>(
    `select distinct d.datname as name from pg_shdepend s join pg_database d on d.oid = s.dbid
     where s.refclassid = 'pg_authid'::regclass and s.refobjid = (select oid from pg_roles where rolname = $1) and d.datname <> $2`,
    [role, databaseName],
  );
  for (const { name } of rows)
    await connections.transaction(name, (client) => client.query(`drop owned by ${ident(role)}`));
}
