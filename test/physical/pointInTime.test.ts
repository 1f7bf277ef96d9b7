import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { v7 as newId } from 'uuid';
import type { DomainError } from '#contracts/errors.ts';
import { lowlevelBackup } from '#providers/physical/lowlevel/lowlevelBackup.ts';
import { startCluster, stopCluster } from '#providers/physical/server/clusterServer.ts';
import { asRoot } from './asRoot.ts';
import { never, physicalGround, type PhysicalGround } from './physicalGround.ts';

const storeOf = (url: string): string => Object.assign(new URL(url), { pathname: '/store' }).toString();

describe('a whole cluster that is brought back to a second', () => {
  let ground: PhysicalGround;
  const base = newId();
  const moments: Date[] = [];
  before(async () => {
    ground = await physicalGround();
    const { ask, backup, now } = ground;
    await ask('create database store');
    await ask(`create table notes (id int primary key, text text)`);
    await ask(`create table apart (id int primary key)`, storeOf(ground.server.adminUrl));
    const made = await backup.backUp(base, { signal: never });
    assert.ok(made.files > 500 && made.bytes > made.storedBytes, JSON.stringify(made));
    for (let n = 1; n <= 3; n++) {
      await ask(`insert into notes values (${n}, 'before moment ${n}')`);
      await ask(`insert into apart values (${n})`, storeOf(ground.server.adminUrl));
      moments.push(await now());
      await ask('select pg_sleep(0.05)');
    }
    await ask(`delete from notes`);
  });
  after(() => ground.stop());

  const refused = (work: Promise<unknown>, code: string, says = /./) =>
    assert.rejects(work, (error: DomainError) => {
      assert.equal(error.code, code, String(error));
      assert.match(error.message, says);
      return true;
    });
  const notesAt = async (at: Date): Promise<number[]> => {
    const id = newId();
    const server = await ground.backup.restore(id, at, { signal: never });
    try {
      const notes = await ground.ask<{ id: number }>('select id from notes order by id', server.adminUrl);
      return notes.map((row) => row.id);
    } finally {
      await ground.backup.tearDown(id);
    }
  };
  const files = async (folder: string): Promise<string[]> =>
    (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((one) => one.isFile())
      .map((one) => join(one.parentPath, one.name));
  const baseFiles = async () =>
    files(join(ground.placeDir, 'physical')).then((all) => all.filter((path) => path.includes(base)));
  const segments = async () =>
    (await files(join(ground.placeDir, 'physical')))
      .filter((path) => /\/wal\/.*[0-9a-f]{24}-\d+-/.test(path))
      .toSorted();
  const putBack = async (path: string, change: () => Promise<unknown>, work: () => Promise<void>) => {
    const bytes = await readFile(path);
    await change();
    try {
      await work();
    } finally {
      await writeFile(path, bytes);
    }
  };

  it('holds in all its databases what was committed before the moment and nothing that came after, and is proven', async () => {
    const id = newId();
    const window = await ground.backup.choose(moments[1]!, never);
    assert.equal(window.baseId, base);
    const server = await ground.backup.restore(id, moments[1]!, { signal: never });
    assert.deepEqual(await ground.ask('select id from notes order by id', server.adminUrl), [{ id: 1 }, { id: 2 }]);
    assert.deepEqual(await ground.ask('select id from apart order by id', storeOf(server.adminUrl)), [
      { id: 1 },
      { id: 2 },
    ]);
    assert.ok(server.reachedAt && server.reachedAt <= moments[1]!);
    assert.notEqual(server.port, ground.server.port);
    assert.deepEqual(
      await ground.ask(
        `select current_setting('listen_addresses') as net, current_setting('archive_mode') as archives`,
        server.adminUrl,
      ),
      [{ net: '', archives: 'off' }],
    );
    const proof = await ground.backup.prove(server, { signal: never });
    assert.ok(proof.databases >= 3 && proof.indexes > 300, JSON.stringify(proof));
    assert.deepEqual((await ground.backup.find(id))?.port, server.port);
    await ground.backup.tearDown(id);
    assert.equal(await ground.backup.find(id), null);
    assert.deepEqual(await readdir(join(ground.home, 'scratch')), []);
    assert.deepEqual(await ground.ask('select count(*)::int as n from notes'), [{ n: 0 }]);
  });

  it('also when nothing was committed after the moment, and at the moment of the base backup itself', async () => {
    await ground.ask(`insert into notes values (9, 'the last')`);
    const last = await ground.now();
    await ground.backup.choose(last, never);
    assert.deepEqual(await notesAt(last), [9]);
    const [first] = await ground.backup.list();
    assert.deepEqual(await notesAt(new Date(first!.stoppedAt.getTime() + 1)), []);
  });

  it('refuses a moment that it cannot reach, before anything is begun', async () => {
    const [first] = await ground.backup.list();
    await refused(
      ground.backup.choose(new Date(first!.stoppedAt.getTime() - 1_000), never),
      'physical_too_early',
      /oldest base backup/,
    );
    await refused(ground.backup.choose(new Date(Date.now() + 3_600_000), never), 'physical_too_late', /has not come/);
    const lost = lowlevelBackup({ ...ground.options, adminUrl: null, systemId: first!.systemId });
    await refused(lost.choose(new Date(), never), 'physical_too_late', /reaches until/);
    assert.deepEqual(await readdir(join(ground.home, 'scratch')), []);
  });

  it('names a gap of the archive, refuses the moments behind it, and reaches those before it', async () => {
    await ground.backup.flush(never);
    await ground.ask(`insert into notes values (10, 'in the gap')`);
    await ground.backup.flush(never);
    await ground.ask(`insert into notes values (11, 'behind the gap')`);
    const behind = await ground.now();
    await ground.backup.flush(never);
    const gone = (await segments()).at(-2)!;
    const name = /([0-9a-f]{24})-/.exec(gone)![1]!.toUpperCase();
    await rename(gone, join(ground.folder, 'aside'));
    const status = await ground.backup.archive(never);
    assert.deepEqual(status.gaps, [{ timeline: 1, first: name, last: name }]);
    await refused(ground.backup.choose(behind, never), 'physical_in_gap', new RegExp(name));
    await refused(ground.backup.restore(newId(), behind, { signal: never }), 'physical_in_gap');
    assert.deepEqual(await notesAt(moments[0]!), [1]);
    await rename(join(ground.folder, 'aside'), gone);
    assert.deepEqual((await ground.backup.archive(never)).gaps, []);
    assert.deepEqual(await notesAt(behind), [9, 10, 11]);
  });

  it('is refused when a file of it or of the log is not what was written, and leaves no server', async () => {
    await ground.backup.verify(base, { signal: never });
    const part = (await baseFiles()).find((path) => /parts\/0*1$/.test(path))!;
    const { size } = await stat(part);
    const restore = () => ground.backup.restore(newId(), moments[0]!, { signal: never });
    const flip = async (path: string): Promise<void> => {
      const bytes = await readFile(path);
      bytes[bytes.length >> 1]! ^= 1;
      await writeFile(path, bytes);
    };
    for (const [change, code] of [
      [() => flip(part), 'physical_base_damaged'],
      [() => truncate(part, size - 9), 'physical_base_damaged'],
      [() => rm(part), 'physical_base_incomplete'],
    ] as const)
      await putBack(part, change, async () => {
        await refused(restore(), code);
        await refused(ground.backup.verify(base, { signal: never }), code);
      });
    // The one in which the copy began, as the server's own note of the copy is called.
    const [note] = (await files(join(ground.placeDir, 'physical'))).filter((path) => /\.backup-/.test(path));
    const [, began] = /([0-9a-f]{24})\./.exec(note!)!;
    const first = (await segments()).find((path) => path.includes(`/${began}-`));
    for (const change of [() => flip(first!), () => truncate(first!, 1_000)])
      await putBack(first!, change, () => refused(restore(), 'physical_wal_damaged', /000000/));
    const manifest = (await baseFiles()).find((path) => path.endsWith('/manifest'))!;
    await putBack(
      manifest,
      () => flip(manifest),
      () => refused(restore(), 'physical_base_damaged'),
    );
    const other = lowlevelBackup({ ...ground.options, masterKey: randomBytes(32) });
    await refused(other.list(), 'physical_wrong_key');
    assert.deepEqual(await readdir(join(ground.home, 'scratch')), []);
    assert.deepEqual(await notesAt(moments[0]!), [1]);
  });

  it('is refused before a file of it is written when the disk has no room for it', async () => {
    const disk = join(ground.folder, 'disk');
    await mkdir(disk);
    asRoot('mount', '-t', 'tmpfs', '-o', 'size=300m,mode=0711', 'tmpfs', disk);
    try {
      const small = lowlevelBackup({ ...ground.options, scratchDir: join(disk, 'scratch') });
      await refused(small.restore(newId(), moments[0]!, { signal: never }), 'physical_disk_full', /takes \d+ MB/);
      assert.deepEqual(await readdir(join(disk, 'scratch')), []);
    } finally {
      asRoot('umount', '-l', disk);
    }
  });

  it('is put away by several at once, each file by whoever comes first', async () => {
    for (let times = 0; times < 8; times++) {
      await ground.ask(`select pg_logical_emit_message(true, 'test', 'more')`);
      await ground.ask('select pg_switch_wal()');
      await ground.ask('select pg_sleep(0.05)');
    }
    const shippers = Array.from({ length: 6 }, () => ground.backup.ship(never));
    const shipped = (await Promise.all(shippers)).reduce((sum, one) => sum + one, 0);
    assert.ok(shipped > 0, 'nothing had waited');
    assert.deepEqual((await ground.backup.archive(never)).gaps, []);
  });

  it('never takes a segment with another content under a name that it knows', async () => {
    const [first] = await segments();
    const name = /([0-9a-f]{24})-/.exec(first!)![1]!.toUpperCase();
    const foreign = join(ground.options.spoolDir, name);
    await writeFile(foreign, randomBytes(1024));
    await refused(ground.backup.archive(never), 'physical_wal_conflict', new RegExp(name));
    assert.equal((await stat(foreign)).size, 1024);
    await rm(foreign);
  });

  it('is handed over as a server that goes on where it was brought to, on a timeline of its own that the archive follows', async () => {
    const id = newId();
    await ground.backup.restore(id, moments[2]!, { signal: never });
    const target = join(ground.home, 'handed-over');
    await ground.backup.handOver(id, target);
    const place = {
      bin: ground.options.bin,
      data: target,
      log: join(ground.home, 'handed-over.log'),
      user: ground.options.user,
    };
    const [, port] = /port = (\d+)/.exec(await readFile(join(target, 'tenantry.conf'), 'utf8')) ?? [];
    assert.equal(Number(port), ground.server.port);
    await ground.server.stop();
    try {
      await startCluster(place, { signal: never });
      await ground.ask(`insert into notes values (20, 'after the failover')`);
      const after = await ground.now();
      await ground.backup.choose(after, never);
      assert.deepEqual(await notesAt(after), [1, 2, 3, 20]);
      // What the lost server committed after the moment is on the timeline that was left.
      assert.deepEqual((await ground.backup.archive(never)).gaps, []);
    } finally {
      await stopCluster(target);
      await rm(target, { recursive: true, force: true });
    }
  });
});
