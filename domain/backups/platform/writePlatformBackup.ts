import pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import { canonical } from '../../audit/canonical.ts';
import { masterKeyIdOf } from '../../secrets/keyring.ts';
import type { Place } from '../../places/place.ts';
import { sealFile } from '../../places/sealedFile.ts';
import { placed } from '../format/refusals.ts';
import { measured, packed } from '../format/streams.ts';
import { CopyFromServer } from '../copyTable.ts';
import {
  contextOf,
  labelOf,
  manifestOf,
  partOf,
  sealingKeyOf,
  type PlatformLabel,
  type PlatformManifest,
} from './platformManifest.ts';

const ident = pg.escapeIdentifier;

/** Kept by what migrates, which writes it again where a registry is restored. */
const notCopied = ['schema_migrations'];

export interface PlatformSource {
  /** Of a role that may read the registry. */
  registryUrl: string;
  masterKey: Buffer;
  /** What lies beside the registry; asked for after the registry's moment, so that no line that it knows is missing. */
  files(): AsyncIterable<{ name: string; pieces: AsyncIterable<Buffer> }>;
}

export interface WrittenPlatformBackup {
  at: string;
  tables: number;
  rows: number;
  /** As they lie in the place. */
  bytes: number;
}

/**
 * Writes the registry as it is at one moment, and what lies beside it, sealed; the manifest last. Everything is written while it is read,
 * so a registry of any size costs the memory of some pieces. Refuses `backup_failed` (a registry without
 * an installation), `backup_place_full`, `backup_place_gone`, `backup_place_refused`.
 */
export async function writePlatformBackup(
  place: Place,
  source: PlatformSource,
  backupId: string,
  signal: AbortSignal,
): Promise<WrittenPlatformBackup> {
  return placed(() => write(place, source, backupId, signal));
}

async function write(
  place: Place,
  { registryUrl, masterKey, files }: PlatformSource,
  backupId: string,
  signal: AbortSignal,
): Promise<WrittenPlatformBackup> {
  const key = sealingKeyOf(masterKey);
  let written = 0;
  let stored = 0;

  const writePart = async (pieces: AsyncIterable<Buffer>): Promise<{ key: string; bytes: number; sha256: string }> => {
    const name = partOf(backupId, (written += 1));
    const plain = measured(pieces);
    const { bytes } = await place.put(name, sealFile(key, packed(plain.pieces), contextOf(backupId, name)), signal);
    stored += bytes;
    return { key: name, ...plain.result() };
  };

  const registry = await withSnapshot(registryUrl, signal, async (client) => {
    const about = await describe(client);
    const tables: PlatformManifest['tables'] = [];
    for (const { name, columns } of await tablesOf(client)) {
      const copy = new CopyFromServer(
        `copy (select ${columns.map(ident).join(', ')} from only public.${ident(name)}) to stdout`,
      );
      const part = await writePart(client.query(copy));
      tables.push({ ...part, name, columns, rows: copy.rows });
    }
    return { ...about, tables };
  });
  const beside: PlatformManifest['files'] = [];
  for await (const { name, pieces } of files()) beside.push({ ...(await writePart(pieces)), name });

  const masterKeyId = masterKeyIdOf(masterKey);
  const manifest: PlatformManifest = {
    ...{ v: 1, kind: 'platform-backup', backup: backupId, masterKeyId, files: beside },
    ...registry,
  };
  const label: PlatformLabel = {
    ...{ v: 1, backup: backupId, masterKeyId },
    ...{ installation: registry.installation, at: registry.at },
  };
  await place.put(labelOf(backupId), once(Buffer.from(canonical(label))), signal);
  const manifestKey = manifestOf(backupId);
  const text = once(Buffer.from(canonical(manifest)));
  stored += (await place.put(manifestKey, sealFile(key, text, contextOf(backupId, manifestKey)), signal)).bytes;
  const rows = registry.tables.reduce((sum, table) => sum + table.rows, 0);
  return { at: registry.at, tables: registry.tables.length, rows, bytes: stored };
}

async function* once(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}

async function withSnapshot<Result>(
  connectionString: string,
  signal: AbortSignal,
  use: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: 5_000,
    idle_in_transaction_session_timeout: 120_000,
    application_name: 'tenantry platform backup',
  });
  client.on('error', () => undefined); // the statement under way tells
  await client.connect();
  const abort = () => void client.end().catch(() => undefined);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await client.query('begin isolation level repeatable read read only');
    const result = await use(client);
    await client.query('commit');
    return result;
  } finally {
    signal.removeEventListener('abort', abort);
    await client.end().catch(() => undefined);
  }
}

async function describe(
  client: pg.Client,
): Promise<Pick<PlatformManifest, 'installation' | 'at' | 'postgres' | 'migrations'>> {
  const { rows: found } = await client.query<{ id: string; at: Date; postgres: number }>(
    `select id, clock_timestamp() as at, current_setting('server_version_num')::int / 10000 as postgres from installations`,
  );
  const [about] = found;
  if (!about) throw new DomainError('backup_failed', 'The registry belongs to no installation yet.');
  const { rows: migrations } = await client.query<{ name: string }>('select name from schema_migrations order by id');
  return {
    ...{ installation: about.id, at: about.at.toISOString(), postgres: about.postgres },
    migrations: migrations.map(({ name }) => name),
  };
}

/** What is computed from other columns is computed again. */
async function tablesOf(client: pg.Client): Promise<{ name: string; columns: string[] }[]> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
     where n.nspname = 'public' and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
       and c.relname <> all($1)
     group by c.relname order by c.relname`,
    [notCopied],
  );
  return rows;
}
