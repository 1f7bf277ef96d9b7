import { randomBytes, randomUUID, generateKeyPairSync } from 'node:crypto';
import { appendFile, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { v7 as newId } from 'uuid';
import { KeyBook, publicKeyOf } from '#domain/audit/statements.ts';
import { filesystemPlace } from '#domain/places/filesystemPlace.ts';
import { serverUser } from '#local/postgres/binaries.ts';
import { archiveCommand, archiveScript } from '#providers/physical/lowlevel/archiveCommand.ts';
import { lowlevelBackup } from '#providers/physical/lowlevel/lowlevelBackup.ts';
import type { PhysicalBackup } from '#providers/physical/physicalBackup.ts';
import { startCluster, stopCluster } from '#providers/physical/server/clusterServer.ts';
import { pgbackrestGround, type PgbackrestGround } from '#test/physical/pgbackrestGround.ts';
import { debianBin, type DebianPostgres } from '#test/physical/debianPostgres.ts';
import { plantTenants, writeMigrations } from '../backups/plantData.ts';
import { percentile, type Figure, type Measured } from '../figure.ts';

const never = new AbortController().signal;
const rounds = 3;
const [tenants, entries, laterEntries] = [20, 100_000, 60_000];

/**
 * A whole server brought back to a moment and proven (signature, every digest, every index), beside what pgBackRest takes for the same without a proof:
 * the same PostgreSQL 15, the same log, in turns, both with two processes and zstd. Ours is sealed besides. Until the server takes sessions.
 */
export const pitr: Figure = {
  name: 'pitr',
  async measure(bench) {
    const place = join(bench.place, 'pitr');
    await mkdir(place, { mode: 0o711 });
    const world = await openWorld(place);
    try {
      return await measured(world);
    } finally {
      await world.server.stop();
      await rm(place, { recursive: true, force: true });
    }
  },
};

interface World extends PgbackrestGround {
  place: string;
  ours: PhysicalBackup;
}

async function openWorld(place: string): Promise<World> {
  const user = await serverUser();
  const spoolDir = join(place, 'spool');
  await mkdir(spoolDir, { mode: 0o700 });
  if (user.uid !== undefined) await chown(spoolDir, user.uid, user.gid!);
  const script = join(place, 'archive-wal');
  await writeFile(script, archiveScript(spoolDir), { mode: 0o755 });
  const ground = await pgbackrestGround(place, archiveCommand(script));
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = publicKeyOf(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'));
  const { adminUrl, scratchDir, bin } = ground.options;
  const ours = lowlevelBackup({
    ...{ adminUrl, spoolDir, scratchDir, bin, user },
    ...{ place: filesystemPlace(join(place, 'place')), masterKey: randomBytes(32), installationId: randomUUID() },
    signer: () => Promise.resolve({ kid: key.kid, privateKey }),
    keys: () => Promise.resolve(new KeyBook([key])),
  });
  return { ...ground, place, ours };
}

async function measured(world: World): Promise<Measured[]> {
  const { place, server, ours, call } = world;
  await server.tool('createdb', ['store']);
  const migrationsDir = await writeMigrations(place);
  await plantTenants(server.url('store'), migrationsDir, { count: tenants, entries });
  const base = await ours.backUp(newId(), { signal: never });
  const theirBackup = await call('--type=full', 'backup', '--start-fast');
  // Log to be replayed.
  await plantTenants(server.url('store'), migrationsDir, { count: tenants, entries: laterEntries });
  const at = await moment(server);
  await ours.flush(never);
  const [brought, proven, total, restored, up]: number[][] = [[], [], [], [], []];
  for (let round = 0; round < rounds; round++) {
    const mine = await ourRestore(ours, at);
    brought!.push(mine.brought);
    proven!.push(mine.proven);
    total!.push(mine.brought + mine.proven);
    const their = await theirRestore(world, at, mine.count);
    restored!.push(their.files);
    up!.push(their.files + their.recovery);
  }
  const median = (values: number[] | undefined): number => percentile(values ?? [], 0.5) / 1_000;
  return [
    { what: 'the whole server, as its base backup holds it', value: base.bytes / 1024 ** 2, unit: 'MB' },
    { what: 'the same in the place, packed and sealed', value: base.storedBytes / 1024 ** 2, unit: 'MB' },
    { what: 'full backup by pgBackRest', value: theirBackup / 1_000, unit: 's' },
    { what: 'brought back to a moment', value: median(brought), unit: 's', n: rounds },
    { what: 'every index of it looked at', value: median(proven), unit: 's', n: rounds },
    { what: 'brought back and proven', value: median(total), unit: 's', n: rounds },
    { what: 'files by pgBackRest', value: median(restored), unit: 's', n: rounds },
    { what: 'brought back by pgBackRest, not proven', value: median(up), unit: 's', n: rounds },
    {
      what: 'ours with proof beside pgBackRest without',
      value: median(total) / median(up),
      unit: '×',
      limit: { atMost: 1.3 },
    },
  ];
}

/** A moment behind everything that was committed, with something behind it. */
async function moment(server: DebianPostgres): Promise<Date> {
  const client = new pg.Client({ connectionString: server.url('store') });
  await client.connect();
  try {
    const { rows } = await client.query<{ now: Date }>(`select clock_timestamp() + interval '1 ms' as now`);
    await client.query('select pg_sleep(0.1)');
    await client.query('create table after_the_moment (id integer)');
    return rows[0]!.now;
  } finally {
    await client.end();
  }
}

const schemas = `select count(*)::int as schemas, (select count(*)::int from pg_class where relname = 'after_the_moment') as later
  from pg_namespace where nspname like 't\\_%'`;

async function countIn(url: string): Promise<{ schemas: number; later: number }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<{ schemas: number; later: number }>(schemas)).rows[0]!;
  } finally {
    await client.end();
  }
}

async function ourRestore(ours: PhysicalBackup, at: Date) {
  const id = newId();
  const startedAt = performance.now();
  const server = await ours.restore(id, at, { signal: never });
  const brought = performance.now() - startedAt;
  const proof = await ours.prove(server, { signal: never });
  const count = await countIn(server.adminUrl.replace('/postgres?', '/store?'));
  await ours.tearDown(id);
  if (count.later !== 0 || count.schemas < tenants)
    throw new Error(`it is of another moment: ${JSON.stringify(count)}`);
  return { brought, proven: proof.seconds * 1_000, count: count.schemas };
}

async function theirRestore(
  { place, room, server, call }: World,
  at: Date,
  expected: number,
): Promise<{ files: number; recovery: number }> {
  const user = await serverUser();
  const data = join(room, 'theirs'); // below a folder that is the server's own
  await mkdir(data, { mode: 0o700 });
  if (user.uid !== undefined) await chown(data, user.uid, user.gid!);
  const target = at.toISOString().replace('T', ' ').replace('Z', '+00');
  try {
    const files = await call(
      `--pg1-path=${data}`,
      '--type=time',
      `--target=${target}`,
      '--target-action=promote',
      'restore',
    );
    const startedAt = performance.now();
    // As ours is set, so that the same is compared.
    const configFile = join(data, 'postgresql.conf');
    const settings = `port = ${server.port + 1}\nlisten_addresses = ''\nunix_socket_directories = '${room}'\narchive_mode = off
hot_standby = off\nfsync = off\nfull_page_writes = off\nsynchronous_commit = off\nmax_wal_size = 4GB\ncheckpoint_timeout = 1h\nshared_buffers = 128MB\nmax_locks_per_transaction = 512\n`;
    await appendFile(configFile, settings);
    await startCluster({ bin: debianBin, data, log: join(place, 'logs', 'theirs.log'), user }, { signal: never });
    const recovery = performance.now() - startedAt;
    const socket = encodeURIComponent(room);
    const count = await countIn(
      `postgres://postgres:${server.password}@localhost:${server.port + 1}/store?host=${socket}`,
    );
    if (count.later !== 0 || count.schemas !== expected)
      throw new Error(`it is of another moment: ${JSON.stringify(count)}`);
    return { files, recovery };
  } finally {
    await stopCluster(data, 'immediate').catch(() => undefined);
    await rm(data, { recursive: true, force: true });
  }
}
