import { createHash } from 'node:crypto';
import pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import { identityOn, type ServerIdentity } from './identity.ts';
import { onServer, type DatabaseServer } from './servers.ts';

/** Writes and commits a row of its own, and sees the log grow to disk by it. Refuses with `server_verification_failed`. */
export async function probeWrite(server: DatabaseServer): Promise<ServerIdentity> {
  return onServer(server, async (client) => {
    const before = await identityOn(client);
    if (before.inRecovery) throw failed(server, 'it refuses writes, as it is a standby.');
    await client.query('set synchronous_commit = local');
    await client.query('create schema if not exists tenantry_recovery');
    await client.query(
      'create table if not exists tenantry_recovery.probes (id integer primary key, at timestamptz not null)',
    );
    await client.query(
      'insert into tenantry_recovery.probes values (1, clock_timestamp()) on conflict (id) do update set at = excluded.at',
    );
    const after = await identityOn(client);
    if (after.flushed === before.flushed) throw failed(server, 'a write was confirmed and did not reach its log.');
    return after;
  });
}

const failed = (server: DatabaseServer, why: string): DomainError =>
  new DomainError('server_verification_failed', `"${server.name}" does not hold: ${why}`);

/** The databases that may be entered, without templates. */
export const databasesOf = (server: DatabaseServer): Promise<string[]> =>
  onServer(server, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      'select datname as name from pg_database where datallowconn and not datistemplate order by datname',
    );
    return rows.map(({ name }) => name);
  });

export interface Checked {
  indexes: number;
  /** Of other kinds than btree: amcheck of the server does not know them. */
  unchecked: number;
}

interface WalkOptions {
  signal: AbortSignal;
  heartbeat(progress: string): void;
}

/** Every btree of every database by amcheck. Refuses with `server_verification_failed` naming the first that is damaged. */
export async function checkIndexes(server: DatabaseServer, { signal, heartbeat }: WalkOptions): Promise<Checked> {
  const checked: Checked = { indexes: 0, unchecked: 0 };
  for (const database of await databasesOf(server)) {
    await onServer(
      server,
      async (client) => {
        await client.query('create extension if not exists amcheck');
        const { rows } = await client.query<{ oid: number; name: string; method: string }>(`
          select c.oid::integer as oid, c.oid::regclass::text as name, a.amname as method
          from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam
          where i.indisvalid and c.relkind = 'i' and c.relpersistence = 'p'`);
        for (const { oid, name, method } of rows) {
          signal.throwIfAborted();
          if (method !== 'btree') {
            checked.unchecked++;
            continue;
          }
          await client.query('select bt_index_check($1::oid::regclass)', [oid]).catch((cause: pg.DatabaseError) => {
            if (cause.code !== 'XX001' && cause.code !== 'XX002') throw cause;
            throw failed(server, `the index ${name} in ${database} is damaged (${cause.code}).`);
          });
          if (++checked.indexes % 200 === 0) heartbeat(`${checked.indexes} indexes checked`);
        }
      },
      { database, statementMs: 120_000 },
    );
  }
  return checked;
}

export interface Digested {
  tables: number;
  rows: number;
  /** SHA-256 over every table's name, number of rows and sum of row hashes, in order: equal where every row is equal. */
  digest: string;
}

/**
 * Reads every row of the tables below `schemas` in these databases: what a page checksum or a missing file makes impossible fails here. The
 * sum of hashes does not depend on the order of rows, and is made by the server, in one pass.
 */
export async function digestTables(
  server: DatabaseServer,
  { databases, schemaPrefix, signal, heartbeat }: WalkOptions & { databases: string[]; schemaPrefix: string },
): Promise<Digested> {
  const whole = createHash('sha256');
  const digested = { tables: 0, rows: 0 };
  for (const database of databases) {
    await onServer(
      server,
      async (client) => {
        await client.query('begin isolation level repeatable read, read only');
        const { rows: tables } = await client.query<{ schema: string; name: string }>(
          `select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where c.relkind = 'r' and starts_with(n.nspname, $1) and n.nspname !~ '^(pg_|information_schema)' order by 1, 2`,
          [schemaPrefix],
        );
        for (const { schema, name } of tables) {
          signal.throwIfAborted();
          const { rows } = await client.query<{ count: string; sum: string }>(
            `select count(*) as count, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text as sum
             from ${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)} t`,
          );
          const { count = '0', sum = '0' } = rows[0] ?? {};
          whole.update(JSON.stringify([database, schema, name, count, sum]));
          digested.rows += Number(count);
          if (++digested.tables % 50 === 0) heartbeat(`${digested.tables} tables read`);
        }
        await client.query('commit');
      },
      { database, statementMs: 300_000 },
    );
  }
  return { ...digested, digest: whole.digest('hex') };
}
