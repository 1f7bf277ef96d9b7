import pg from 'pg';
import type { Proof, ScratchServer, WorkOptions } from '../physicalBackup.ts';
import { physicalRefusal } from '../refusals.ts';
import { unlessOneFails } from '../unlessOneFails.ts';

const ident = pg.escapeIdentifier;
const indexesAtOnce = 2;

/**
 * Looks at every B-tree index of every database, as `pg_amcheck` does of indexes: https://www.postgresql.org/docs/18/amcheck.html. Invalid ones, and
 * those of temporary tables, are nobody's.
 *
 * @throws `physical_proof_failed`
 */
export async function proveServer(server: ScratchServer, { signal, onProgress }: WorkOptions): Promise<Proof> {
  const startedAt = performance.now();
  const databases = await withDatabase(server.adminUrl, 'postgres', signal, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select datname as name from pg_database where datallowconn and datname <> 'template0' order by pg_database_size(oid) desc`,
    );
    return rows.map(({ name }) => name);
  });
  let indexes = 0;
  for (const name of databases) {
    const left = await withDatabase(server.adminUrl, name, signal, indexesOf);
    const checker = async (either: AbortSignal): Promise<void> =>
      withDatabase(server.adminUrl, name, either, async (client) => {
        for (let index = left.shift(); index; index = left.shift()) {
          either.throwIfAborted();
          await check(client, index);
          indexes += 1;
          onProgress?.({ files: indexes, bytes: 0 });
        }
      });
    // One database may hold nearly everything, so its indexes are shared.
    await unlessOneFails(signal, (either) => Array.from({ length: indexesAtOnce }, () => checker(either)));
  }
  return {
    ...{ files: server.restored.files, databases: databases.length, indexes },
    seconds: (performance.now() - startedAt) / 1_000,
  };
}

async function indexesOf(client: pg.Client): Promise<{ oid: number; check: string }[]> {
  const { rows: extension } = await client.query<{ schema: string }>(
    `select n.nspname as schema from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'amcheck'`,
  );
  let schema = extension[0]?.schema;
  if (schema === undefined) {
    schema = 'tenantry_amcheck';
    await client.query(`create schema ${ident(schema)}`);
    await client.query(`create extension amcheck schema ${ident(schema)}`);
  }
  const { rows } = await client.query<{ oid: number }>(
    `select c.oid::int8::float8 as oid from pg_index i join pg_class c on c.oid = i.indexrelid
     where c.relam = (select oid from pg_am where amname = 'btree') and c.relkind = 'i' and c.relpersistence = 'p'
       and i.indisvalid and i.indisready order by c.relpages desc, c.oid`,
  );
  const check = `select ${ident(schema)}.bt_index_check($1::oid::regclass)`;
  return rows.map(({ oid }) => ({ oid, check }));
}

/** What is damaged is said with its number; names of tables and what lies in them are not told. */
async function check(client: pg.Client, { oid, check: text }: { oid: number; check: string }): Promise<void> {
  try {
    await client.query(text, [oid]);
  } catch (error) {
    const code = (error as pg.DatabaseError).code;
    if (code === undefined) throw error;
    throw physicalRefusal(
      'physical_proof_failed',
      `An index of the recovered server is damaged (number ${oid}, SQLSTATE ${code}).`,
      error,
    );
  }
}

export async function withDatabase<Result>(
  adminUrl: string,
  name: string,
  signal: AbortSignal,
  use: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const url = new URL(adminUrl);
  url.pathname = `/${encodeURIComponent(name)}`;
  const client = new pg.Client({
    connectionString: url.toString(),
    connectionTimeoutMillis: 10_000,
    application_name: 'tenantry proof',
  });
  client.on('error', () => undefined); // the statement under way tells
  await client.connect();
  const stop = () => void client.end().catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await use(client);
  } finally {
    signal.removeEventListener('abort', stop);
    await client.end().catch(() => undefined);
  }
}
