import pg from 'pg';
import { exactSettings } from '#providers/database/backup/lanes.ts';
import { RawCopyIn } from '#providers/database/backup/rawCopyIn.ts';
import { RawCopyOut } from '#providers/database/backup/rawCopyOut.ts';

/** So many tables are under way at once. */
const lanes = 2;
const batch = 200;
const pieceBytes = 1024 * 1024;

interface Table {
  /** Quoted, with its schema. */
  name: string;
  columns: string;
}

const notOfExtensions = `not exists (
  select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`;
const ours = `c.oid >= 16384 and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' and ${notOfExtensions}`;

const tablesQuery = `
  select format('%I.%I', n.nspname, c.relname) as name, coalesce((
    select '(' || string_agg(quote_ident(a.attname), ', ' order by a.attnum) || ')' from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''), '') as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and ${ours} order by pg_relation_size(c.oid) desc, 1`;

/** What has rows to compare: tables, and views that keep theirs. */
const comparedQuery = `
  select format('%I.%I', n.nspname, c.relname) as name, '' as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where (c.relkind = 'r' or (c.relkind = 'm' and c.relispopulated)) and ${ours} order by pg_relation_size(c.oid) desc, 1`;

const sequencesQuery = `
  select format('%I.%I', n.nspname, c.relname) as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'S' and ${ours} order by 1`;

export interface Pair {
  source: pg.ClientConfig;
  target: pg.ClientConfig;
}

/** Fills the tables of a database whose keys, indexes and triggers are still to come. Returns how many rows. */
export async function moveRows(pair: Pair, signal: AbortSignal): Promise<number> {
  const tables = await withClients(pair, async (source) => (await source.query<Table>(tablesQuery)).rows);
  let rows = 0;
  await inLanes(pair, tables, signal, async (source, target, { name, columns }) => {
    // Emptied in the same transaction: with wal_level minimal its rows go to the disk once, and nobody has to look at them again.
    await target.query(`begin; truncate only ${name}`);
    const reading = source.query(new RawCopyOut(`copy ${name} ${columns} to stdout`));
    const writing = target.query(new RawCopyIn(`copy ${name} ${columns} from stdin with (freeze)`, reading));
    const copied = await writing.done;
    rows += copied;
    await target.query('commit');
  });
  await withClients(pair, moveSequences);
  await withClients(pair, moveLargeObjects);
  return rows;
}

async function moveSequences(source: pg.Client, target: pg.Client): Promise<void> {
  const { rows } = await source.query<{ name: string }>(sequencesQuery);
  for (let at = 0; at < rows.length; at += batch) {
    const some = rows.slice(at, at + batch).map(({ name }) => name);
    const states = await statesOf(source, some);
    await target.query(
      `select ${states.map(({ name, value, called }) => `setval(${pg.escapeLiteral(name)}, ${value}, ${called})`).join(', ')}`,
    );
  }
}

const statesOf = async (client: pg.Client, names: string[]) =>
  (
    await client.query<{ name: string; value: string; called: boolean }>(
      names
        .map(
          (name) =>
            `select ${pg.escapeLiteral(name)} as name, last_value::text as value, is_called as called from ${name}`,
        )
        .join(' union all '),
    )
  ).rows;

/** pg_dump holds them in memory; here they pass piece by piece. */
async function moveLargeObjects(source: pg.Client, target: pg.Client): Promise<void> {
  const { rows } = await source.query<{ id: string; owner: string; grants: string[]; bytes: string }>(`
    select m.oid::text as id, quote_ident(r.rolname) as owner,
      (select coalesce(max(pageno) + 1, 0) * 2048 from pg_largeobject l where l.loid = m.oid)::text as bytes,
      array(select format('grant %s on large object %s to %s%s', g.privilege_type, m.oid, coalesce(quote_ident(t.rolname), 'public'),
          case when g.is_grantable then ' with grant option' else '' end)
        from aclexplode(m.lomacl) g left join pg_roles t on t.oid = g.grantee where g.grantee <> m.lomowner) as grants
    from pg_largeobject_metadata m join pg_roles r on r.oid = m.lomowner order by m.oid`);
  for (const { id, owner, grants, bytes } of rows) {
    await target.query('select lo_create($1)', [id]);
    for (let at = 0; at < Number(bytes); at += pieceBytes) {
      const { rows: pieces } = await source.query<{ piece: Buffer }>(`select lo_get($1, $2, ${pieceBytes}) as piece`, [
        id,
        at,
      ]);
      await target.query('select lo_put($1, $2, $3)', [id, at, pieces[0]!.piece]);
    }
    await target.query([`alter large object ${id} owner to ${owner}`, ...grants].join('; '));
  }
}

/**
 * How many rows each table has and what they hold, in any order: the sums of both halves of each row's MD5. Sequences and large objects with them.
 * Computed by the servers, at the same time.
 */
export async function rowsSaid(config: pg.ClientConfig, signal: AbortSignal): Promise<Map<string, string>> {
  const pair = { source: config, target: config };
  const said = new Map<string, string>();
  const found = await withClients(pair, async (client) => ({
    tables: (await client.query<Table>(comparedQuery)).rows,
    sequences: (await client.query<{ name: string }>(sequencesQuery)).rows.map(({ name }) => name),
    objects: (
      await client.query<{ id: string; holds: string }>(
        `select oid::text as id, md5(lo_get(oid)) as holds from pg_largeobject_metadata`,
      )
    ).rows,
  }));
  for (const { id, holds } of found.objects) said.set(`large object ${id}`, holds);
  await inLanes(pair, found.tables, signal, async (client, _, { name }) => {
    const { rows } = await client.query<{ holds: string }>(`
      select count(*) || ' rows, ' || coalesce(sum(('x' || left(h, 16))::bit(64)::bigint), 0) || ' ' ||
        coalesce(sum(('x' || right(h, 16))::bit(64)::bigint), 0) as holds
      from (select md5("a row of it"::text) as h from only ${name} as "a row of it") as hashed`);
    said.set(name, rows[0]!.holds);
  });
  await withClients(pair, async (client) => {
    for (let at = 0; at < found.sequences.length; at += batch)
      for (const { name, value, called } of await statesOf(client, found.sequences.slice(at, at + batch)))
        said.set(`sequence ${name}`, `${value} ${called}`);
  });
  return said;
}

async function inLanes(
  pair: Pair,
  tables: Table[],
  signal: AbortSignal,
  work: (source: pg.Client, target: pg.Client, table: Table) => Promise<void>,
): Promise<void> {
  const queue = tables.values();
  const lane = () =>
    withClients(pair, async (source, target) => {
      for (const table of queue) {
        signal.throwIfAborted();
        await work(source, target, table);
      }
    });
  const ended = await Promise.allSettled(
    Array.from({ length: Math.min(lanes, tables.length) }, () =>
      lane().catch((error: unknown) => {
        for (const skipped of queue) void skipped; // the others need not go on
        throw error;
      }),
    ),
  );
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}

/** Connections that read and write exactly what is there, and end with the work. */
export async function withClients<Result>(
  { source, target }: Pair,
  work: (source: pg.Client, target: pg.Client) => Promise<Result>,
): Promise<Result> {
  const both = [new pg.Client(source), new pg.Client(target)] as const;
  for (const client of both) client.on('error', () => undefined); // told by what is asked next
  try {
    for (const client of both) {
      await client.connect();
      await client.query(`${exactSettings}; set search_path = ''; set row_security = off; set lock_timeout = '60s'`);
    }
    return await work(...both);
  } finally {
    for (const client of both) await client.end().catch(() => undefined);
  }
}
