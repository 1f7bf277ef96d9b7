import pg from 'pg';
import type { StoreConnections } from './storeConnections.ts';

const ident = pg.escapeIdentifier;

/** Roles that connect to a store are members of its group: CONNECT is settled once, no tenant ever touches the database's own row. */
export const groupRoleOf = (databaseName: string): string => `${databaseName}_tenants`;

/**
 * Creates the roles of a store's tenants, and so administers them. PostgreSQL follows all roles that somebody administers, on the whole
 * server, whenever they create, comment on or grant one: the provisioner itself would be slower with each tenant that there is
 * (docs/decisions/0062).
 */
export const makerRoleOf = (databaseName: string): string => `${databaseName}_maker`;

/** In one message, so that it is there whole or not at all. The provisioner has its rights, and so administers what it made. */
export async function ensureMaker(connections: StoreConnections, databaseName: string): Promise<void> {
  const home = connections.pool(connections.homeDatabase);
  const [maker, group] = [ident(makerRoleOf(databaseName)), ident(groupRoleOf(databaseName))];
  const isThere = await home.query(`select 1 from pg_roles where rolname = $1`, [makerRoleOf(databaseName)]);
  if (isThere.rowCount) return;
  await unlessThere(
    home.query(`
      create role ${maker} nologin createrole;
      grant ${maker} to current_user with inherit true, set true;
      grant ${group} to ${maker} with admin true, inherit false, set false`),
  );
}

/**
 * Makes the database of a data store ready for tenants: nothing for PUBLIC, the group role that may connect, and the fences.
 * Idempotent; every statement may have run before.
 */
export async function openStore(
  connections: StoreConnections,
  databaseName: string,
  readerRole: string | null,
): Promise<void> {
  const home = connections.pool(connections.homeDatabase);
  const database = ident(databaseName);
  const group = ident(groupRoleOf(databaseName));

  const roleExists = await home.query(`select 1 from pg_roles where rolname = $1`, [groupRoleOf(databaseName)]);
  if (!roleExists.rowCount) await unlessThere(home.query(`create role ${group} nologin`));
  const exists = await home.query(`select 1 from pg_database where datname = $1`, [databaseName]);
  if (!exists.rowCount) await unlessThere(home.query(`create database ${database} strategy wal_log`));
  await connections.transaction(databaseName, async (client) => {
    await client.query(`select pg_advisory_xact_lock(hashtext('tenantry store'))`);
    await client.query(`revoke all on database ${database} from public`);
    // Not even the owner makes tables there: a tenant migration that means to is refused, and leaves nothing for the next tenant.
    await client.query(`revoke all on schema public from public, pg_database_owner`);
    await client.query(`grant connect on database ${database} to ${group}`);
    if (readerRole) await client.query(`grant connect on database ${database} to ${ident(readerRole)}`);
    await client.query(`create schema if not exists tenantry`);
    await client.query(`
      create table if not exists tenantry.fences (
        resource_id uuid primary key,
        state text not null check (state in ('ensuring', 'present', 'destroying', 'destroyed')),
        run_id uuid not null,
        epoch integer not null,
        updated_at timestamptz not null default now()
      )`);
  });
}

/** The comment is the database's own row for everybody on the server: written only where it is missing. */
export async function tagStore(connections: StoreConnections, databaseName: string, tag: string): Promise<void> {
  const home = connections.pool(connections.homeDatabase);
  const { rows } = await home.query<{ tag: string | null }>(
    `select shobj_description(oid, 'pg_database') as tag from pg_database where datname = $1`,
    [databaseName],
  );
  if (rows[0] && rows[0].tag === null)
    await home.query(`comment on database ${ident(databaseName)} is ${pg.escapeLiteral(tag)}`);
}

/** Two workers may open the same store at once: what the other one made is as good. */
async function unlessThere(statement: Promise<unknown>): Promise<void> {
  const alreadyThere = new Set(['42710', '42P04', '23505']);
  await statement.catch((error: pg.DatabaseError) => {
    if (!alreadyThere.has(error.code ?? '')) throw error;
  });
}
