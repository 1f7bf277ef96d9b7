import assert from 'node:assert/strict';
import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fence, fenceStateOf, unfence } from '#providers/replication/fence.ts';
import { identify } from '#providers/replication/identity.ts';
import { lagBytesOf, samplePair } from '#providers/replication/lag.ts';
import { promote } from '#providers/replication/promote.ts';
import { follows, setSynchronous } from '#providers/replication/standby.ts';
import { checkIndexes, digestTables, probeWrite } from '#providers/replication/verify.ts';
import { calm, ServerPair } from './serverPair.ts';

describe('a standby of a server', function () {
  this.timeout(900_000);
  let pair: ServerPair;
  before(async () => {
    pair = await ServerPair.start();
    await pair.query(pair.east, 'create table written (number integer primary key, filler text)');
    await pair.query(pair.east, `insert into written select n, repeat('x', 100) from generate_series(1, 1000) n`);
  });
  after(() => pair?.stop());

  const caughtUp = async (): Promise<void> => {
    const [primary, standby] = [pair.east, pair.west];
    while (lagBytesOf(await samplePair(primary, standby)) !== 0) await delay(20);
  };
  const order = { standby: 'west', byHand: null, ...calm };
  const read = { databases: ['postgres'], schemaPrefix: '', ...calm };

  it('is made from the running primary, follows it, and is left alone when it is asked for again', async () => {
    const made = await pair.follow(pair.east, pair.west);
    assert.ok(made.rebuiltNow && made.files > 500, JSON.stringify(made));
    await pair.query(pair.east, 'insert into written values (1001, $1)', ['after']);
    await caughtUp();
    const [east, west] = [await identify(pair.east), await identify(pair.west)];
    assert.equal(west.systemIdentifier, east.systemIdentifier);
    assert.deepEqual([east.inRecovery, west.inRecovery, west.timeline], [false, true, east.timeline]);
    assert.equal((await pair.follow(pair.east, pair.west)).rebuiltNow, false);
    const conninfo = await pair.query<{ primary_conninfo: string }>(pair.west, 'show primary_conninfo');
    assert.doesNotMatch(conninfo[0]!.primary_conninfo, /password=/);
    const kept = await pair.query<{ kept: string }>(
      pair.east,
      `select current_setting('max_slot_wal_keep_size') as kept`,
    );
    assert.equal(kept[0]?.kept, '2GB');
  });

  it('is told by both sides how far it is behind, and is synchronous when asked to be', async () => {
    await setSynchronous(pair.east, 'west');
    await pair.query(pair.east, 'insert into written values (1002, $1)', ['both']);
    const sample = await samplePair(pair.east, pair.west);
    assert.equal(sample.stream?.state, 'streaming');
    assert.equal(sample.stream.isSynchronous, true);
    assert.equal(sample.slot, 'reserved');
    await setSynchronous(pair.east, null);
  });

  it('takes over from a primary that was killed, which refuses writes when it comes back', async () => {
    await caughtUp();
    const before = await digestTables(pair.east, read);
    await pair.kill(pair.east);
    assert.equal(await fenceStateOf(pair.east), 'silent');
    assert.equal(await fence(pair.east, order), 'stopped');
    assert.equal(await fence(pair.east, order), 'stopped', 'again');
    const promoted = await promote(pair.west, { known: 1, ...calm });
    assert.deepEqual([promoted.timeline, promoted.promotedNow], [2, true]);
    const again = await promote(pair.west, { known: 1, ...calm });
    assert.deepEqual([again.timeline, again.promotedNow], [2, false]);
    assert.equal((await digestTables(pair.west, read)).digest, before.digest);
    assert.ok((await checkIndexes(pair.west, calm)).indexes > 100);
    assert.equal((await probeWrite(pair.west)).timeline, 2);

    await pair.start(pair.east);
    assert.equal(await fenceStateOf(pair.east), 'standby');
    await assert.rejects(
      pair.query(pair.east, 'insert into written values (5000, $1)', ['lost']),
      /read-only transaction/,
    );
  });

  it('is made of an old primary by a new copy, and gives back without loss', async () => {
    await pair.query(pair.west, 'insert into written values (2000, $1)', ['on the second timeline']);
    const made = await pair.follow(pair.west, pair.east);
    assert.equal(made.rebuiltNow, true);
    assert.equal(await follows(pair.west, pair.east), true);
    const back = { ...order, standby: 'east' };
    assert.equal(await fence(pair.west, back), 'stopped');
    const promoted = await promote(pair.east, { known: 2, ...calm });
    assert.equal(promoted.timeline, 3);
    const rows = await pair.query(pair.east, 'select 1 from written where number = 2000');
    assert.equal(rows.length, 1);
    await assert.rejects(pair.follow(pair.west, pair.east), { name: 'ProviderError' });
    await pair.follow(pair.east, pair.west);
  });

  it('stays one when its primary is fenced for nothing and opened again', async () => {
    assert.equal(await fence(pair.east, order), 'stopped');
    assert.equal(await unfence(pair.east, calm), true);
    assert.equal(await unfence(pair.east, calm), false);
    assert.equal((await probeWrite(pair.east)).timeline, 3);
    while (!(await follows(pair.east, pair.west))) await delay(50);
  });

  it('is not made over a server that went further, also while that one stands still', async () => {
    assert.equal(await fence(pair.east, order), 'stopped');
    assert.equal((await promote(pair.west, { known: 3, ...calm })).timeline, 4);
    await pair.query(pair.west, 'insert into written values (3000, $1)', ['nowhere else']);
    await pair.kill(pair.west);
    assert.equal(await unfence(pair.east, calm), true);
    await assert.rejects(pair.follow(pair.east, pair.west), { code: 'primary_not_fenced', message: /timeline 4/ });
    await fence(pair.east, order);
    await pair.start(pair.west);
    assert.equal((await pair.query(pair.west, 'select 1 from written where number = 3000')).length, 1);
    assert.equal((await pair.follow(pair.west, pair.east)).rebuiltNow, true);
  });

  it('is made anew over one whose files are damaged', async () => {
    await pair.kill(pair.east);
    await truncate(join((await pair.place(pair.east)).data, 'global', 'pg_control'), 0);
    assert.equal((await pair.follow(pair.west, pair.east)).rebuiltNow, true);
  });
});
