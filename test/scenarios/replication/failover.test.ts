import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TcpProxy } from '#test/api/tcpProxy.ts';
import { fenceStateOf } from '#providers/replication/fence.ts';
import { FileBook } from '#providers/replication/fileBook.ts';
import { identify } from '#providers/replication/identity.ts';
import { lagBytesOf, samplePair } from '#providers/replication/lag.ts';
import { rightBefore } from '#providers/replication/late.ts';
import { pidOf, stopLocal } from '#providers/replication/localServer.ts';
import { DatabaseServers, type DatabaseServer } from '#providers/replication/servers.ts';
import { promote } from '#providers/replication/promote.ts';
import { setSynchronous } from '#providers/replication/standby.ts';
import { calm, ServerPair, writeTo } from './serverPair.ts';
import { losePrimary, Sequence, type Step } from './sequence.ts';

describe('a failover between two servers, without a registry', function () {
  this.timeout(1_200_000);
  let pair: ServerPair;
  let book: FileBook;
  let sequence: (executionId: string) => Sequence;
  /** Who is which changes with each test. */
  let [primary, standby]: DatabaseServer[] = [];
  const names = () => ({ primary: primary!.name, standby: standby!.name });

  before(async () => {
    pair = await ServerPair.start();
    book = new FileBook(join(pair.folder, 'book'));
    sequence = (executionId) => new Sequence(pair.servers, book, executionId);
    [primary, standby] = [pair.east, pair.west];
    await pair.query(primary, 'create table written (number integer primary key, filler text)');
    await pair.follow(primary, standby);
  });
  after(() => pair?.stop());

  const swap = async (): Promise<void> => {
    [primary, standby] = [standby, primary];
    await sequence('back').act('standby.rebuild', names());
  };
  const held = async (server: DatabaseServer): Promise<Set<number>> =>
    new Set((await pair.query<{ number: number }>(server, 'select number from written')).map(({ number }) => number));

  it('loses no acknowledged write of 200 a second when the primary is killed and its disk is left', async () => {
    let at = await pair.url(primary!);
    const writing = await writeTo(() => at, 200);
    while (writing.acknowledged.length < 300) await delay(20);
    await pair.kill(primary!);
    const run = sequence('one');
    const steps = losePrimary(primary!.name, standby!.name);
    await run.run(steps.slice(0, 7));
    at = await pair.url(standby!);
    const soFar = writing.acknowledged.length;
    while (writing.acknowledged.length < soFar + 100) await delay(20);
    await writing.stop();
    await run.run(steps.slice(7));
    assert.equal(run.told.get('standby.check')?.['lagBytes'], 0);
    assert.equal(run.told.get('primary.fence')?.['proof'], 'stopped');
    const there = await held(standby!);
    assert.deepEqual(writing.acknowledged.filter((number) => !there.has(number)), []); // prettier-ignore
    await pair.query(standby!, 'truncate written');
    await swap();
  });

  it('refuses a second operator, and a standby that lacks more than may be lost, with the number', async () => {
    const [first, second] = [sequence('first'), sequence('second')];
    await first.act('servers.claim', names());
    await assert.rejects(second.act('servers.claim', names()), { code: 'failover_in_progress' });
    await first.act('servers.claim', names());

    // Its receiver stands still, as behind a line that is too thin; the primary writes on and dies with its disk.
    const upstream = await pair.query<{ pid: number }>(standby!, 'select pid from pg_stat_wal_receiver');
    process.kill(upstream[0]!.pid, 'SIGSTOP');
    await pair.query(primary!, `insert into written select n, repeat('x', 500) from generate_series(100000, 160000) n`); // more than the sockets between them hold: that much arrives after the primary is dead
    const sample = await samplePair(primary!, standby!);
    const lacking = lagBytesOf(sample)!;
    assert.ok(lacking > 20_000_000, `${lacking}`);
    book.lastKnownLsn = async () => sample.primary!.flushed as unknown as null;
    await pair.kill(primary!);
    process.kill(upstream[0]!.pid, 'SIGCONT');
    await rm(join((await pair.place(primary!)).data, 'global'), { recursive: true });
    await first.run(losePrimary(primary!.name, standby!.name).slice(1, 3));
    const wanted = first.act('standby.check', names());
    const refusal = await wanted.then(() => assert.fail('it was accepted'), (error: { code: string; extra: { lagBytes: number } }) => error); // prettier-ignore
    assert.equal(refusal.code, 'standby_behind');
    assert.ok(refusal.extra.lagBytes > 0 && refusal.extra.lagBytes <= lacking, JSON.stringify(refusal.extra));
    assert.equal((await identify(standby!)).inRecovery, true, 'nothing was promoted');
    const accepted = await first.act('standby.check', { ...names(), mayLoseBytes: refusal.extra.lagBytes });
    assert.equal(accepted['knownBy'], 'sample');
    await first.run(losePrimary(primary!.name, standby!.name).slice(5));
    book.lastKnownLsn = async () => null;
    await swap();
  });

  it('promotes nobody beside a primary that takes writes, or that nobody can stop', async () => {
    await assert.rejects(sequence('bold').act('standby.promote', names()), { code: 'primary_not_fenced' });
    // The same primary, as one of which nothing is known but its address.
    const { folder: _folder, ...remote } = primary!;
    const bare = new Sequence(new DatabaseServers([remote, standby!]), book, 'bare');
    await assert.rejects(bare.act('primary.fence', names()), { code: 'primary_not_fenced' });
    const hooked = { ...remote, fence: { exec: ['/bin/false'], seconds: 5 } };
    const unable = new Sequence(new DatabaseServers([hooked, standby!]), book, 'unable');
    await assert.rejects(unable.act('primary.fence', names()), { name: 'ProviderError' });
    // A hook that says it is done, and did nothing.
    const lying = new Sequence(new DatabaseServers([{ ...hooked, fence: { exec: ['/bin/true'], seconds: 5 } }, standby!]), book, 'lying'); // prettier-ignore
    await assert.rejects(lying.act('primary.fence', names()), { code: 'primary_not_fenced' });
    const pid = await pidOf(await pair.place(primary!));
    const killing = { ...hooked, fence: { exec: ['/bin/sh', '-c', `kill -9 ${pid}; sleep 1`], seconds: 20 } };
    const able = new Sequence(new DatabaseServers([killing, standby!]), book, 'able');
    assert.equal((await able.act('primary.fence', names()))['proof'], 'hook');
    assert.equal((await identify(standby!)).inRecovery, true);
    await pair.start(primary!);
    assert.equal(await fenceStateOf(primary!), 'writable');
  });

  it('takes a fence back while the standby is away, and not where nobody can tell whether that was promoted', async () => {
    const run = sequence('undone');
    const place = await pair.place(standby!);
    const earlier = await pidOf(place);
    await run.act('primary.fence', names());
    await pair.kill(standby!);
    const { folder: _folder, ...remote } = standby!;
    const bare = new Sequence(new DatabaseServers([primary!, remote]), book, 'undone');
    await assert.rejects(bare.undo('primary.fence', names()), { name: 'ProviderError' });
    assert.equal(await fenceStateOf(primary!), 'stopped');
    await run.undo('primary.fence', names());
    assert.equal(await fenceStateOf(primary!), 'writable');
    await pair.start(standby!);
    await stopLocal(place, 'immediate', earlier); // as by somebody who stood still in the middle of it
    assert.equal(await fenceStateOf(standby!), 'standby');
  });

  it('asks again whether an effect is wanted when it stood still since it asked', async () => {
    const asked: number[] = [];
    const done: number[] = [];
    const stillWanted = async (): Promise<void> => {
      if (asked.push(Date.now()) === 1) await delay(2_100);
      else if (asked.length === 3) throw new Error('gone on');
    };
    await rightBefore(stillWanted, () => done.push(asked.length));
    await assert.rejects(
      rightBefore(stillWanted, () => done.push(asked.length)),
      /gone on/,
    );
    assert.deepEqual(done, [2]);
  });

  it('knows a promotion whose connection was cut in the middle', async () => {
    const { port, hostname } = new URL(standby!.url);
    const proxy = await TcpProxy.to(hostname, Number(port));
    try {
      const { folder: _folder, ...rest } = standby!;
      const through = { ...rest, url: `postgres://postgres@127.0.0.1:${proxy.port}/postgres` };
      await sequence('cut').run(losePrimary(primary!.name, standby!.name).slice(2, 5));
      // It would promote faster than anybody can cut: its recovery stands still until the connection is gone.
      const startup = `select pid from pg_stat_activity where backend_type = 'startup'`;
      const { pid } = (await pair.query<{ pid: number }>(standby!, startup))[0]!;
      process.kill(pid, 'SIGSTOP');
      const cutting = (async () => {
        const asked = `select 1 from pg_stat_activity where query like 'select pg_promote%'`;
        while ((await pair.query(standby!, asked).catch(() => [1])).length === 0) await delay(2);
        proxy.become('refusing');
        process.kill(pid, 'SIGCONT');
        while ((await identify(standby!)).inRecovery) await delay(10);
        proxy.become('open');
      })();
      const promoted = await promote(through, { known: (await identify(standby!)).timeline, ...calm });
      await cutting;
      assert.ok(promoted.lostConnections >= 1 && promoted.timeline >= 2, JSON.stringify(promoted));
      assert.equal((await identify(standby!)).inRecovery, false);
      await sequence('cut').run(losePrimary(primary!.name, standby!.name).slice(5));
      await swap();
    } finally {
      await proxy.stop();
    }
  });

  it('goes on by another process wherever the first one is killed, and never leaves two that take writes', async () => {
    const seed = Number(process.env['TEST_SEED'] ?? 109);
    console.log(`      seed ${seed}`);
    const moments = ['before', 'within', 'after'] as const;
    const all = losePrimary('', '').flatMap(([step]) => moments.map((moment) => ({ step, moment })));
    all.push(...moments.map((moment) => ({ step: 'standby.rebuild', moment })));
    const wanted = process.env['TEST_ALL_KILLS'] ? all : [0, 1, 2].map((n) => all[(seed + n * 11) % all.length]!);
    for (const [number, { step, moment }] of wanted.entries()) {
      const steps: Step[] = [
        ...losePrimary(primary!.name, standby!.name),
        ['standby.rebuild', { primary: standby!.name, standby: primary!.name }],
      ];
      const given = {
        servers: [pair.east, pair.west],
        folder: join(pair.folder, 'book'),
        executionId: `kill ${number}`,
        steps,
      };
      if (number % 2 === 0) await pair.kill(primary!);
      const afterMs = 20 + ((seed * 7 + number * 131) % 600);
      const first = await runProcess({ ...given, kill: { step, moment, afterMs } });
      if (moment !== 'within') assert.equal(first, 'SIGKILL', `${step} ${moment}`);
      const states = await Promise.all([fenceStateOf(primary!), fenceStateOf(standby!)]);
      assert.ok(states.filter((state) => state === 'writable').length <= 1, `${step} ${moment}: ${states.join(', ')}`);
      assert.equal(await runProcess({ ...given, kill: null }), 0, `${step} ${moment}`);
      assert.equal(await fenceStateOf(standby!), 'writable');
      assert.equal(await fenceStateOf(primary!), 'standby');
      [primary, standby] = [standby, primary];
    }
  });

  it('loses nothing of a synchronous standby whose primary dies with its disk', async () => {
    await setSynchronous(primary!, standby!.name);
    await pair.query(primary!, 'truncate written');
    const at = await pair.url(primary!);
    const writing = await writeTo(() => at, 200);
    while (writing.acknowledged.length < 300) await delay(20);
    await pair.kill(primary!);
    await rm((await pair.place(primary!)).data, { recursive: true });
    await writing.stop();
    const run = sequence('synchronous');
    const steps = losePrimary(primary!.name, standby!.name, { mayLoseUnknown: true });
    await run.run(steps);
    const there = await held(standby!);
    assert.deepEqual(writing.acknowledged.filter((number) => !there.has(number)), []); // prettier-ignore
    assert.equal((await pair.query(standby!, 'show synchronous_standby_names'))[0]!['synchronous_standby_names'], '');
  });
});

async function runProcess(given: object): Promise<number | string> {
  const script = join(import.meta.dirname, 'failoverProcess.ts');
  const child = spawn(process.execPath, [script, JSON.stringify(given)], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal ?? code ?? -1;
}
