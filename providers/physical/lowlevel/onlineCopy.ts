import { lstat, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { physicalRefusal } from '../refusals.ts';

/** A file of a cluster's data folder. */
export interface ClusterFile {
  /** From the data folder, with single slashes. */
  path: string;
  /** When it was listed; what is read may be longer or shorter, and the log of writes makes it whole. */
  bytes: number;
}

/** A running cluster between `pg_backup_start` and `pg_backup_stop`. */
export interface OnlineCopy {
  dataDir: string;
  /** Tells one cluster from every other, also from one that was made anew under the same name. */
  systemId: string;
  /** As in `server_version_num`. */
  postgres: number;
  timeline: number;
  startLsn: string;
  /** The first segment of the log that the copy needs. */
  startSegment: string;
  segmentBytes: number;
  /** By the server's clock. */
  startedAt: Date;
  /** Folders, above before below, the empty ones too. */
  folders(): AsyncIterable<string>;
  /** Everything that is copied; pg_control is the last. */
  files(): AsyncIterable<ClusterFile>;
  /** The bytes of one; nothing when it was removed meanwhile, which the log of writes does again. */
  read(file: ClusterFile, signal: AbortSignal): AsyncIterable<Buffer>;
}

/** What makes the copied files a cluster that recovers. */
export interface CopyEnd {
  stopLsn: string;
  /** The last segment of the log that the copy needs to be of one moment. */
  stopSegment: string;
  /** From this moment on the copy can be brought to any other; by the server's clock. */
  stoppedAt: Date;
  /** The text of `backup_label`. */
  label: string;
}

export interface CopySource {
  /** Of a role that may call pg_backup_start and read settings: a superuser, or one that was granted it. */
  adminUrl: string;
  /** Where the data folder lies for this process, when the server calls it otherwise. */
  dataDir?: string | undefined;
}

const pieceBytes = 256 * 1024;
const control = 'global/pg_control';

/** Emptied by every start of a server, or of this very process: https://www.postgresql.org/docs/18/continuous-archiving.html */
const emptiedFolders = new Set([
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
]);
const leftOut =
  /^(?:postmaster\.(?:pid|opts)|backup_label(?:\.old)?|tablespace_map(?:\.old)?|(?:standby|recovery)\.signal|current_logfiles)$/;
const isPassing = (name: string): boolean => /^pgsql_tmp/.test(name) || /^pg_internal\.init(?:\.\d+)?$/.test(name);

/**
 * Copies a running cluster: `use` reads its files while the server keeps a log of what is written meanwhile. The session that began the copy
 * stays open; when it is lost, or this process killed, the server forgets the copy by itself.
 *
 * @throws `physical_unreachable` the data folder cannot be read from here · `physical_tablespaces` it has some elsewhere ·
 *   `physical_standby` the server is one
 */
export async function withOnlineCopy<Result>(
  { adminUrl, dataDir: given }: CopySource,
  name: string,
  use: (copy: OnlineCopy, signal: AbortSignal) => Promise<Result>,
  signal: AbortSignal,
): Promise<{ result: Result; end: CopyEnd }> {
  const client = new pg.Client({
    connectionString: adminUrl,
    connectionTimeoutMillis: 5_000,
    application_name: 'tenantry base backup',
  });
  const lost = new AbortController();
  client.on('error', (error) => lost.abort(error));
  client.on('end', () => lost.abort(new Error('the session that began the copy was lost')));
  await client.connect();
  const either = AbortSignal.any([signal, lost.signal]);
  try {
    const about = await describe(client);
    if (about.standby)
      throw physicalRefusal('physical_standby', 'The server follows another one: the other is backed up.');
    const dataDir = given ?? about.dataDir;
    await refuseUnreachable(dataDir, about.systemId);
    await client.query(`set statement_timeout = 0; set lock_timeout = 0; set idle_session_timeout = 0`);
    const {
      rows: [start],
    } = await client.query<{ lsn: string; segment: string; at: Date }>(
      `with begun as (select pg_backup_start($1, true) as lsn)
       select lsn::text, pg_walfile_name(lsn) as segment, clock_timestamp() as at from begun`,
      [name],
    );
    const { lsn: startLsn, segment: startSegment, at: startedAt } = start!;
    const copy: OnlineCopy = {
      ...{ dataDir, systemId: about.systemId, postgres: about.postgres, segmentBytes: about.segmentBytes },
      ...{ startLsn, startSegment, startedAt, timeline: parseInt(startSegment.slice(0, 8), 16) },
      folders: () => foldersBelow(dataDir, ''),
      files: () => filesOf(dataDir),
      read: (file, stop) => pieces(join(dataDir, file.path), stop),
    };
    const result = await use(copy, either);
    either.throwIfAborted();
    const {
      rows: [end],
    } = await client.query<{ lsn: string; label: string; map: string; segment: string; at: Date }>(
      `select s.lsn::text, s.labelfile as label, s.spcmapfile as map, pg_walfile_name(s.lsn) as segment, clock_timestamp() as at
       from pg_backup_stop(false) s`,
    );
    const { lsn: stopLsn, label, segment: stopSegment, at: stoppedAt, map } = end!;
    if (map.trim() !== '') throw elsewhere();
    return { result, end: { stopLsn, stopSegment, stoppedAt, label } };
  } finally {
    await client.end().catch(() => undefined);
  }
}

const elsewhere = () =>
  physicalRefusal(
    'physical_tablespaces',
    'The server keeps tablespaces outside its data folder: pgbackrest copies those.',
  );

async function describe(client: pg.Client) {
  const { rows } = await client.query<{
    dataDir: string;
    systemId: string;
    postgres: number;
    segmentBytes: number;
    standby: boolean;
  }>(
    `select current_setting('data_directory') as "dataDir", system_identifier::text as "systemId",
       current_setting('server_version_num')::int as postgres, pg_is_in_recovery() as standby,
       (select setting::int * case unit when '8kB' then 8192 when 'MB' then 1048576 else 1 end
        from pg_settings where name = 'wal_segment_size') as "segmentBytes"
     from pg_control_system()`,
  );
  return rows[0]!;
}

/** What lies there has to be this server's: on another machine the same path may hold another cluster, or nothing. */
async function refuseUnreachable(dataDir: string, systemId: string): Promise<void> {
  const unreachable = (cause?: unknown) =>
    physicalRefusal(
      'physical_unreachable',
      "The server's data folder cannot be read from here: its files are copied where the server runs, by its user or by root.",
      cause,
    );
  const bytes = await readWhole(join(dataDir, control)).catch((error: unknown) => {
    throw unreachable(error);
  });
  // The identifier is the first field of the file, in the machine's own order.
  if (bytes.length < 8 || ![bytes.readBigUInt64LE(), bytes.readBigUInt64BE()].includes(BigInt(systemId)))
    throw unreachable();
  for (const entry of await readdir(join(dataDir, 'pg_tblspc'))) {
    const found = await lstat(join(dataDir, 'pg_tblspc', entry));
    if (found.isSymbolicLink()) throw elsewhere();
  }
}

async function* foldersBelow(root: string, folder: string): AsyncIterable<string> {
  for (const entry of await entriesOf(join(root, folder))) {
    if (!entry.isDirectory() || isPassing(entry.name)) continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    yield path;
    // Of the log two folders are expected to be there.
    if (path === 'pg_wal') yield* ['pg_wal/archive_status', 'pg_wal/summaries'];
    else if (!emptiedFolders.has(path)) yield* foldersBelow(root, path);
  }
}

async function* filesOf(dataDir: string): AsyncIterable<ClusterFile> {
  for await (const file of filesBelow(dataDir, '')) if (file.path !== control) yield file;
  yield { path: control, bytes: (await stat(join(dataDir, control))).size };
}

async function* filesBelow(root: string, folder: string): AsyncIterable<ClusterFile> {
  for (const entry of await entriesOf(join(root, folder))) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (isPassing(entry.name) || (folder === '' && leftOut.test(entry.name))) continue;
    if (entry.isDirectory()) {
      if (!emptiedFolders.has(path)) yield* filesBelow(root, path);
    } else if (entry.isFile()) {
      const found = await stat(join(root, path)).catch(goneIsNothing);
      if (found) yield { path, bytes: found.size };
    }
  }
}

const entriesOf = async (folder: string) =>
  (await readdir(folder, { withFileTypes: true }).catch(goneIsNothing))?.toSorted((one, other) =>
    one.name < other.name ? -1 : 1,
  ) ?? [];

/** Relations are dropped while they are copied. */
function goneIsNothing(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}

async function* pieces(path: string, signal: AbortSignal): AsyncIterable<Buffer> {
  if (path.endsWith(control)) {
    yield await readStable(path);
    return;
  }
  const file = await open(path, 'r').catch(goneIsNothing);
  if (!file) return;
  try {
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function readWhole(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** The one file that the log of writes does not make whole is read until two readings agree. */
async function readStable(path: string): Promise<Buffer> {
  for (let before = await readWhole(path); ;) {
    const again = await readWhole(path);
    if (again.equals(before)) return again;
    before = again;
  }
}
