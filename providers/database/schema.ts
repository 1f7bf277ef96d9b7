import pg from 'pg';
import { scramVerifier } from '#domain/secrets/scram.ts';
import type { Execute } from '#domain/resources/fences.ts';
import { ProviderError } from '../provider.ts';
import type { StoreConnections } from './stores.ts';

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

/** A login role that lands in its own schema; one that is there (`tagged` is not null) is brought to it. The password reaches the server as a verifier. */
export async function settleRole(
  client: pg.ClientBase,
  role: { name: string; password: string; tag: string; database: string; tagged: boolean | null },
): Promise<void> {
  const name = ident(role.name);
  const verifier = literal(await scramVerifier(role.password));
  await together(client, [
    role.tagged === null
      ? `create role ${name} login inherit nocreaterole nocreatedb password ${verifier}`
      : `alter role ${name} inherit password ${verifier}`,
    ...(role.tagged ? [] : [`comment on role ${name} is ${literal(role.tag)}`]),
    `alter role ${name} in database ${ident(role.database)} set search_path = ${name}`,
  ]);
}

/**
 * Lets the role connect to its store. PostgreSQL locks a group until the end of the transaction that adds a member to it, so
 * this comes last: else all the tenants of a store would be made one after the other.
 */
export async function joinGroup(client: pg.ClientBase, name: string, group: string): Promise<void> {
  const member = await client.query(`select 1 where pg_has_role($1, $2, 'member')`, [name, group]);
  if (!member.rowCount) await client.query(`grant ${ident(group)} to ${ident(name)}`);
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

const quietWithinMs = 10_000;

/**
 * NOLOGIN, end its sessions until none is left, then schema and role in one transaction. What does not carry our tag is left
 * alone; that nothing is there is success.
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
  const role = ident(name);
  const roleIsOurs = await connections.transaction(databaseName, async (client) => {
    const found = await roleTag(client, name);
    if (!found || !hooks.isOurs(found.tag)) return false;
    await client.query(`alter role ${role} nologin`);
    // Its creator administers a role but does not have its rights (PostgreSQL 16); ending its sessions and DROP OWNED need them.
    await client.query(`grant ${role} to current_user with inherit true, set true`);
    return true;
  });
  if (roleIsOurs) {
    await endSessions(connections, databaseName, name);
    await dropOwnedElsewhere(connections, databaseName, name);
  }

  await connections.transaction(databaseName, async (client) => {
    await hooks.whileFenced(client);
    const schema = await schemaTag(client, name);
    if (schema && hooks.isOurs(schema.tag)) await client.query(`drop schema ${role} cascade`);
    if (roleIsOurs && (await roleTag(client, name))) {
      await client.query(`drop owned by ${role}`);
      await client.query(`drop role ${role}`);
    }
    await hooks.whenGone(client);
  });
}

async function endSessions(connections: StoreConnections, databaseName: string, role: string): Promise<void> {
  const deadline = Date.now() + quietWithinMs;
  for (;;) {
    const { rowCount } = await connections
      .pool(databaseName)
      .query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = $1`, [role]);
    if (!rowCount) return;
    if (Date.now() > deadline)
      throw new ProviderError('PostgreSQL', `The sessions of role ${role} do not end.`, { retryable: true });
    await new Promise((resume) => setTimeout(resume, 25));
  }
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
