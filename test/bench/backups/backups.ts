import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { percentile, type Figure, type Measured } from '../figure.ts';
import type { Answered, Asked } from './copier.ts';
import { startDebianPostgres, type DebianPostgres } from '#test/physical/debianPostgres.ts';
import { megabytesOf, plantTenants, writeMigrations, type PlantedTenant } from './plantData.ts';

const rounds = 3;
/** Of what takes a tenth of a second: one stall of the machine is no figure. */
const shortRounds = 9;
const largeEntries = 1_000_000;
const hugeEntries = 8_200_000;
/** Some MB each: of less, what a restore takes is not its bytes but its dozen of tables and keys, ours and pg_restore's alike. */
const [fleetSize, fleetEntries] = [500, 15_000];
const megabytesOfGigabyte = 1024;

/**
 * Backing up and restoring one tenant, beside what PostgreSQL's own tools take for the same rows on the same server, in turns. Ours digests, seals and
 * signs as well.
 */
export const backups: Figure = {
  name: 'backups',
  async measure(bench) {
    const place = join(bench.place, 'backups');
    await mkdir(place, { mode: 0o711 });
    const server = await startDebianPostgres(place);
    try {
      const world = { server, place, migrationsDir: await writeMigrations(place) };
      return [...(await largeTenant(world)), ...(await oneOfMany(world)), ...(await hugeTenant(world))];
    } finally {
      await server.stop();
      await rm(place, { recursive: true, force: true });
    }
  },
};

interface World {
  server: DebianPostgres;
  place: string;
  migrationsDir: string;
}

/** A process that copies; its memory is measured from its start. */
class Copier {
  readonly #child: ChildProcess = fork(join(import.meta.dirname, 'copier.ts'), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async do(act: Asked['act'], database: string, tenant: PlantedTenant, backupId: string): Promise<Answered> {
    const { server, place, migrationsDir } = this.#world;
    const asked: Asked = {
      act,
      url: server.url(database),
      place: join(place, 'kept'),
      migrationsDir,
      backupId,
      ...tenant,
    };
    this.#child.send(asked);
    const [answer] = (await once(this.#child, 'message')) as [Answered | { error: string }];
    if ('error' in answer) throw new Error(answer.error);
    return answer;
  }

  stop(): void {
    this.#child.kill();
  }
}

const median = (values: number[]): number => percentile(values, 0.5);

async function largeTenant(world: World): Promise<Measured[]> {
  const { server, place, migrationsDir } = world;
  await server.tool('createdb', ['large']);
  const [tenant] = await plantTenants(server.url('large'), migrationsDir, { count: 1, entries: largeEntries });
  const copier = new Copier(world);
  const took = { ourSnapshot: [], theirDump: [], ourRestore: [], theirRestore: [] } as Record<string, number[]>;
  const [file, backupId] = [join(place, 'large.dump'), randomUUID()];
  let copied: Answered | null = null;
  try {
    for (let round = 0; round < rounds; round++) {
      copied = await copier.do('snapshot', 'large', tenant!, backupId);
      took['ourSnapshot']!.push(copied.ms);
      took['theirDump']!.push(await server.tool('pg_dump', ['-Fc', '-n', tenant!.schema, '-f', file, 'large']));
      took['ourRestore']!.push((await copier.do('restore', 'large', tenant!, backupId)).ms);
      await server.tool('createdb', ['again']);
      took['theirRestore']!.push(await server.tool('pg_restore', ['-d', 'again', file]));
      await server.tool('dropdb', ['again']);
    }
    const verified = await copier.do('verify', 'large', tenant!, backupId);
    const [ours, dump, restore, theirs] = Object.values(took).map(median) as [number, number, number, number];
    return [
      { what: 'rows of the large tenant, as COPY writes them', value: copied!.bytes / 1024 ** 2, unit: 'MB' },
      { what: 'the same in the place, packed and sealed', value: copied!.storedBytes / 1024 ** 2, unit: 'MB' },
      { what: 'snapshot', value: ours / 1_000, unit: 's', n: rounds },
      { what: 'pg_dump -Fc', value: dump / 1_000, unit: 's', n: rounds },
      { what: 'snapshot, as many times as fast', value: dump / ours, unit: '×', limit: { atLeast: 0.7 } },
      { what: 'verify', value: verified.ms / 1_000, unit: 's' },
      { what: 'restore', value: restore / 1_000, unit: 's', n: rounds },
      { what: 'pg_restore', value: theirs / 1_000, unit: 's', n: rounds },
      { what: 'restore, as many times as fast', value: theirs / restore, unit: '×', limit: { atLeast: 0.7 } },
    ];
  } finally {
    copier.stop();
    await rm(file, { force: true });
    await server.tool('dropdb', ['large']);
  }
}

async function oneOfMany(world: World): Promise<Measured[]> {
  const { server, place, migrationsDir } = world;
  await server.tool('createdb', ['fleet']);
  const tenants = await plantTenants(server.url('fleet'), migrationsDir, { count: fleetSize, entries: fleetEntries });
  const one = tenants[Math.floor(fleetSize / 2)]!;
  const schemas = tenants.map(({ schema }) => schema);
  const share =
    (await megabytesOf(server.url('fleet'), schemas)) / (await megabytesOf(server.url('fleet'), [one.schema]));
  const copier = new Copier(world);
  const file = join(place, 'fleet.dump');
  const backupIds = new Map(tenants.map(({ tenantId }) => [tenantId, randomUUID()]));
  try {
    const times: number[] = [];
    for (const tenant of tenants)
      times.push((await copier.do('snapshot', 'fleet', tenant, backupIds.get(tenant.tenantId)!)).ms);
    const all = times.reduce((sum, time) => sum + time, 0);
    await server.tool('pg_dump', ['-Fc', '-f', file, 'fleet']);
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (let round = 0; round < shortRounds; round++) {
      ours.push((await copier.do('restore', 'fleet', one, backupIds.get(one.tenantId)!)).ms);
      await server.tool('createdb', ['again']);
      await createSchema(server, 'again', one.schema);
      theirs.push(await server.tool('pg_restore', ['-d', 'again', '-n', one.schema, file]));
      await server.tool('dropdb', ['again']);
    }
    await server.tool('createdb', ['again']);
    const whole = await server.tool('pg_restore', ['-j', '2', '-d', 'again', file]);
    await server.tool('dropdb', ['again']);
    return [
      { what: `snapshots of ${fleetSize} tenants, one after the other`, value: (fleetSize / all) * 1_000, unit: '/s' },
      {
        what: 'the last hundred beside the first',
        value: median(times.slice(-100)) / median(times.slice(0, 100)),
        unit: '×',
        limit: { atMost: 1.5 },
      },
      { what: 'restore of one of them', value: median(ours), unit: 'ms', n: shortRounds },
      { what: 'pg_restore -n of one of them', value: median(theirs), unit: 'ms', n: shortRounds },
      { what: 'as many times as fast', value: median(theirs) / median(ours), unit: '×', limit: { atLeast: 1 } },
      { what: 'pg_restore -j2 of the whole', value: whole / 1_000, unit: 's' },
      {
        what: `as many times as fast (whole ÷ one is ${share.toFixed(0)})`,
        value: whole / median(ours),
        unit: '×',
        limit: { atLeast: 0.5 * share },
      },
    ];
  } finally {
    copier.stop();
    await rm(file, { force: true });
    await server.tool('dropdb', ['fleet']);
  }
}

/** `pg_restore -n` makes everything in a schema, and not the schema. */
async function createSchema(server: DebianPostgres, database: string, schema: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url(database) });
  await client.connect();
  await client.query(`create schema ${schema}`);
  await client.end();
}

async function hugeTenant(world: World): Promise<Measured[]> {
  const { server, place, migrationsDir } = world;
  await server.tool('createdb', ['huge']);
  const [tenant] = await plantTenants(server.url('huge'), migrationsDir, { count: 1, entries: hugeEntries });
  const size = await megabytesOf(server.url('huge'), [tenant!.schema]);
  const copier = new Copier(world);
  const file = join(place, 'huge.dump');
  try {
    const backupId = randomUUID();
    const copied = await copier.do('snapshot', 'huge', tenant!, backupId);
    const restored = await copier.do('restore', 'huge', tenant!, backupId);
    await server.tool('pg_dump', ['-Fc', '-Z', '1', '-n', tenant!.schema, '-f', file, 'huge']);
    await server.tool('createdb', ['again']);
    const theirs = await server.tool('pg_restore', ['-j', '2', '-d', 'again', file]);
    await server.tool('dropdb', ['again']);
    // A GB is one of the tenant in its database: rows, keys and indexes, as pg_total_relation_size counts them.
    const ofGigabyte = (ms: number) => ms / 1_000 / (size / megabytesOfGigabyte);
    return [
      { what: 'the huge tenant with its indexes', value: size, unit: 'MB', limit: { atLeast: 2_048 } },
      { what: 'its snapshot', value: copied.ms / 1_000, unit: 's' },
      { what: 'memory over base meanwhile', value: copied.peakMb - copied.baseMb, unit: 'MB', limit: { atMost: 200 } },
      { what: 'restore of a GB of it', value: ofGigabyte(restored.ms), unit: 's', limit: { atMost: 30 } },
      { what: 'pg_restore -j2 of a GB of it', value: ofGigabyte(theirs), unit: 's' },
    ];
  } finally {
    copier.stop();
    await rm(file, { force: true });
    await server.tool('dropdb', ['huge']);
  }
}
