import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { v7 as newId } from 'uuid';
import { pgbackrestBackup } from '#providers/physical/pgbackrest/pgbackrestBackup.ts';
import { asRoot } from '#test/physical/asRoot.ts';
import type { Breach, Drill, DrillRoom, Outcome } from '../drill.ts';
import { atWork, changed, filesBelow, flip, openWorld, refused, segmentsOf, type World } from './pgbackrestWorld.ts';

const { signal } = new AbortController();

/** Not a part of `npm test`: it needs Debian's packages, and says so where they are not. */
export const pgbackrestHolds: Drill = {
  id: 'D18',
  title: "pgBackRest's repository with gaps and damage, a lost server, killed restores and stalled archiving",
  full: drill,
  subset: drill,
};

async function drill({ say }: DrillRoom): Promise<Outcome> {
  const place = await mkdtemp(join(tmpdir(), 'pgbackrest-'));
  await chmod(place, 0o711);
  const world = await openWorld(place);
  const breaches: Breach[] = [];
  try {
    for (const [title, check] of Object.entries(checks)) {
      const startedAt = performance.now();
      await check(world).catch((error: Error) => breaches.push({ rule: 'D18', what: `${title}: ${error.stack}` }));
      const still = await atWork(world);
      if (still.length > 0)
        breaches.push({ rule: 'I2', what: `${title}: pgBackRest was left at work: ${still.join()}` });
      say(`${title} (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)`);
    }
    const left = await readdir(world.options.scratchDir);
    const temporary = (await readdir(tmpdir())).filter((name) => name.startsWith('tenantry-'));
    if (left.length + temporary.length > 0)
      breaches.push({
        rule: 'I2',
        what: `scratch servers or temporary folders were left: ${[...left, ...temporary].join(', ')}`,
      });
  } finally {
    await world.server.stop();
    await rm(place, { recursive: true, force: true, maxRetries: 5 });
  }
  return { figures: [{ what: 'checks', value: Object.keys(checks).length, unit: '' }], breaches };
}

const checks: Record<string, (world: World) => Promise<void>> = {
  async 'a second is brought back, proven and removed'({ backup, moments, base, ask }) {
    const id = newId();
    assert.equal((await backup.choose(moments[1]!, signal)).baseId, base);
    const server = await backup.restore(id, moments[1]!, { signal });
    assert.deepEqual(await ask('select id from notes order by id', server.adminUrl), [{ id: 1 }, { id: 2 }]);
    assert.ok(server.reachedAt && server.reachedAt <= moments[1]!);
    const proof = await backup.prove(server, { signal });
    assert.ok(proof.files > 500 && proof.databases >= 2 && proof.indexes > 200, JSON.stringify(proof));
    assert.equal((await backup.find(id))?.port, server.port);
    await backup.tearDown(id);
    assert.equal(await backup.find(id), null);
  },

  async 'a moment that nothing was committed behind'({ now, ask, rowsAt }) {
    await ask('insert into notes values (9)');
    assert.deepEqual(await rowsAt(await now()), [9]);
  },

  async 'moments that cannot be reached'({ backup }) {
    const [first] = await backup.list();
    await refused(backup.choose(new Date(first!.stoppedAt.getTime() - 2_000), signal), 'physical_too_early');
    await refused(backup.choose(new Date(Date.now() + 3_600_000), signal), 'physical_too_late');
  },

  async 'how far the log reaches is its last commit, and not when it came'(world) {
    const { backup, ask, now, server, options } = world;
    await ask('insert into notes values (20)');
    await backup.flush(signal);
    // From here on nothing is handed over, and what was committed meanwhile comes later than it ended.
    await server.set({ archive_command: 'false' });
    await ask('insert into notes values (21)');
    const within = await now();
    await ask('select pg_switch_wal()');
    await refused(backup.flush(signal), 'physical_archive_stalled');
    const { failing, waiting } = await backup.archive(signal);
    assert.ok(failing !== null && waiting > 0, JSON.stringify({ failing, waiting }));
    await refused(
      pgbackrestBackup({ ...options, adminUrl: null }).restore(newId(), within, { signal }),
      'physical_too_late',
    );
    await server.set({ archive_command: null });
    await backup.flush(signal);
    const windows = (await backup.archive(signal)).windows.map(({ until }) => until.getTime());
    const [last] = await ask<{ at: Date }>(`select last_archived_time as at from pg_stat_archiver`);
    assert.ok(Math.max(...windows) >= within.getTime() && Math.max(...windows) <= last!.at.getTime());
    assert.ok((await world.rowsAt(within)).includes(21));
  },

  async 'a gap is named, and only what lies behind it is refused'(world) {
    const { backup, ask, now, rowsAt, moments } = world;
    await ask('insert into notes values (30)');
    await backup.flush(signal);
    await ask('insert into notes values (31)');
    await backup.flush(signal);
    await ask('insert into notes values (32)');
    const behind = await now();
    await backup.flush(signal);
    const gone = (await segmentsOf(world)).at(-2)!;
    const name = /([0-9A-F]{24})-/.exec(gone)![1]!;
    const aside = join(world.room, 'aside');
    await rename(gone, aside);
    try {
      assert.deepEqual((await backup.archive(signal)).gaps, [{ timeline: 1, first: name, last: name }]);
      await refused(backup.choose(behind, signal), 'physical_in_gap', new RegExp(name));
      assert.deepEqual(await rowsAt(moments[0]!), [1]);
    } finally {
      await rename(aside, gone);
    }
    assert.ok((await rowsAt(behind)).includes(32));
  },

  async 'a file that is not what was written'(world) {
    const { backup, base, repository, moments, rowsAt } = world;
    await backup.verify(base, { signal });
    const files = await filesBelow(join(repository, 'backup'), /\/pg_data\/base\/\d+\/\d+\.zst$/);
    const sizes = await Promise.all(files.map(async (path) => ({ path, size: (await stat(path)).size })));
    const { path } = sizes.toSorted((one, other) => other.size - one.size)[0]!;
    const restore = () => backup.restore(newId(), moments[0]!, { signal });
    for (const [change, code] of [
      [() => flip(path), 'physical_base_damaged'],
      [() => truncate(path, 100), 'physical_base_damaged'],
      [() => rm(path), 'physical_base_incomplete'],
    ] as const)
      await changed(path, change, async () => {
        await refused(restore(), code);
        await refused(backup.verify(base, { signal }), 'physical_base_damaged');
      });
    assert.deepEqual(await rowsAt(moments[0]!), [1]);
  },

  async 'log that is not what was written'(world) {
    const { backup, base, ask, now, rowsAt } = world;
    await ask('insert into notes values (35)');
    await backup.flush(signal);
    await ask('insert into notes values (36)');
    const behind = await now();
    await backup.flush(signal);
    const path = (await segmentsOf(world)).at(-2)!;
    // What cannot be read is to the server as if the log ended there: a restore that took this for its end would lack a row.
    for (const change of [() => flip(path), () => truncate(path, 100), () => writeFile(path, '')])
      await changed(path, change, async () => {
        await refused(backup.restore(newId(), behind, { signal }), 'physical_wal_damaged');
        await refused(backup.verify(base, { signal }), 'physical_wal_damaged');
      });
    assert.ok((await rowsAt(behind)).includes(36));
  },

  async 'a server that is lost with its machine'({ options, server, moments, rowsAt }) {
    const lost = pgbackrestBackup({ ...options, adminUrl: null });
    await server.stop();
    await rename(server.data, `${server.data}.lost`);
    try {
      assert.deepEqual(await rowsAt(moments[2]!, lost), [1, 2, 3]);
    } finally {
      await rename(`${server.data}.lost`, server.data);
      await server.start();
    }
  },

  async 'a worker that is killed while files come back'({ backup, options, moments, rowsAt }) {
    const id = newId();
    const child = fork(join(import.meta.dirname, 'restoreProcess.ts'), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child.send({ options, id, at: moments[1]!.toISOString() });
    const isAtWork = async (): Promise<boolean> => (await atWork({ options }, id)).length > 0;
    const latest = Date.now() + 30_000;
    while (!(await isAtWork()) && Date.now() < latest) await delay(5);
    assert.ok(await isAtWork(), 'pgBackRest was not at work');
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.ok(await isAtWork(), 'pgBackRest ended with its worker, so that nothing was there to be ended');
    await backup.tearDown(id);
    assert.deepEqual(await atWork({ options }, id), []);
    const server = await backup.restore(id, moments[1]!, { signal });
    assert.equal(server.id, id);
    await backup.tearDown(id);
    assert.deepEqual(await rowsAt(moments[1]!), [1, 2]);
  },

  async 'what fetches log ahead ends with the recovery'(world) {
    const { backup, ask, now, options } = world;
    for (let id = 40; id < 52; id++) {
      await ask(`insert into notes values (${id})`);
      await ask('select pg_switch_wal()');
    }
    const id = newId();
    const at = await now();
    await backup.choose(at, signal);
    let isOver = false;
    const seen = new Set<string>();
    const restored = backup.restore(id, at, { signal }).finally(() => (isOver = true));
    while (!isOver) {
      for (const line of await atWork(world, id)) seen.add(/archive-get:\w+/.exec(line)?.[0] ?? '');
      await delay(5);
    }
    const server = await restored;
    try {
      assert.ok(seen.has('archive-get:async'), `nothing was fetched ahead: ${[...seen].join()}`);
      assert.deepEqual(await atWork(world, id), []);
      assert.deepEqual(await ask('select max(id) as last from notes', server.adminUrl), [{ last: 51 }]);
    } finally {
      await backup.tearDown(id);
    }
    assert.deepEqual(await readdir(options.scratchDir), []);
  },

  async 'a disk that is too small'({ options, room, moments }) {
    const disk = join(room, 'disk');
    await mkdir(disk);
    asRoot('mount', '-t', 'tmpfs', '-o', 'size=280m,mode=0777', 'tmpfs', disk);
    try {
      const small = pgbackrestBackup({ ...options, scratchDir: join(disk, 'brought') });
      await refused(small.restore(newId(), moments[0]!, { signal }), 'physical_disk_full', /takes \d+ MB/);
    } finally {
      asRoot('umount', '-l', disk);
    }
  },

  async 'is handed over in the place of the lost one, and goes on upon a timeline of its own'(world) {
    const { backup, server, ask, now, rowsAt, moments } = world;
    const id = newId();
    await backup.restore(id, moments[1]!, { signal });
    await server.stop();
    const lost = `${server.data}.lost`;
    await rename(server.data, lost);
    await backup.handOver(id, server.data).catch(async (error: unknown) => {
      await rename(lost, server.data);
      throw error;
    });
    await server.start();
    await rm(lost, { recursive: true, force: true });
    await ask('insert into notes values (60)');
    const after = await now();
    assert.deepEqual(await rowsAt(after), [1, 2, 60]);
    assert.deepEqual((await backup.archive(signal)).gaps, []);
  },

  async 'one id makes one backup, and the newest are kept'({ backup, base, call, repository }) {
    await backup.backUp(base, { signal });
    assert.equal((await backup.list()).length, 1);
    await call('--type=full', '--start-fast', 'backup'); // somebody else's
    const [, others] = await backup.list();
    const last = newId();
    await backup.backUp(last, { signal });
    const [path] = await filesBelow(join(repository, 'backup'), /\/pg_data\/base\/\d+\/2838\.zst$/);
    await changed(
      path!,
      () => flip(path!),
      async () => {
        await refused(backup.verify(base, { signal }), 'physical_base_damaged');
        await backup.verify(last, { signal });
      },
    );
    const { bases } = await backup.expire(1, signal);
    assert.deepEqual(bases, [base, others!.id]);
    assert.deepEqual(
      (await backup.list()).map(({ id }) => id),
      [last],
    );
    await backup.verify(last, { signal });
  },
};
