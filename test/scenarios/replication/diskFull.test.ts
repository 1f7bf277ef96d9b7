import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lagBytesOf, samplePair } from '#providers/replication/lag.ts';
import { stopLocal } from '#providers/replication/localServer.ts';
import { asRoot } from '#test/physical/asRoot.ts';
import { ServerPair } from './serverPair.ts';

describe('a standby whose disk is full', function () {
  this.timeout(900_000);
  let disk: string;
  let pair: ServerPair;
  before(async () => {
    disk = await mkdtemp(join(tmpdir(), 'tenantry-disk-'));
    asRoot('mount', '-t', 'tmpfs', '-o', 'size=24m,mode=0711', 'tmpfs', disk);
    await chmod(disk, 0o711).catch(() => undefined);
    pair = await ServerPair.start({ westHome: join(disk, 'west') });
    await pair.query(pair.east, 'create table written (number integer primary key, filler text)');
  });
  after(async () => {
    await pair?.stop();
    asRoot('umount', '-l', disk);
    await rm(disk, { recursive: true, force: true });
  });

  it('is refused before anything is copied, harms its primary in nothing when it fills up, and goes on with more room', async () => {
    await assert.rejects(pair.follow(pair.east, pair.west), { code: 'server_disk_full' });
    asRoot('mount', '-o', 'remount,size=150m', disk);
    await pair.follow(pair.east, pair.west);
    const fill = `insert into written select n, repeat(md5(n::text), 30) from generate_series($1::int, $2::int) n`;
    for (let from = 0; from < 160_000; from += 20_000) await pair.query(pair.east, fill, [from, from + 19_999]);
    for (;;) {
      const { stream, primary, slot } = await samplePair(pair.east, pair.west);
      assert.ok(primary, 'the primary goes on');
      if (stream === null) {
        assert.notEqual(slot, 'lost');
        break;
      }
      await delay(100);
    }
    asRoot('mount', '-o', 'remount,size=900m', disk);
    await stopLocal(await pair.place(pair.west), 'immediate');
    await pair.start(pair.west);
    while (lagBytesOf(await samplePair(pair.east, pair.west)) !== 0) await delay(100);
    // All is on its disk; what was replayed of it can be read.
    const behind = `select pg_last_wal_replay_lsn() < pg_last_wal_receive_lsn() as behind`;
    while ((await pair.query<{ behind: boolean }>(pair.west, behind))[0]?.behind !== false) await delay(100);
    const [there] = await pair.query<{ count: number }>(pair.west, 'select count(*)::int as count from written');
    assert.equal(there?.count, 160_000);
  });
});
