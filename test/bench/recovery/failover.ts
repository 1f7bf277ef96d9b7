import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FileBook } from '#providers/replication/fileBook.ts';
import { lagBytesOf, LagClock, samplePair } from '#providers/replication/lag.ts';
import { losePrimary, Sequence } from '#test/scenarios/replication/sequence.ts';
import { ServerPair, writeTo } from '#test/scenarios/replication/serverPair.ts';
import { percentile, type Figure } from '../figure.ts';

const writesPerSecond = 200;
const measuredForMs = 15_000;

/**
 * What is lost and how long writes are away when the primary is killed under 200 writes a second, each its own commit, synced. RPO is by the flush
 * position of an asynchronous standby: how long ago the primary had its log safe as far as the standby has it safe now.
 */
export const failover: Figure = {
  name: 'failover',
  async measure() {
    const pair = await ServerPair.start({ durable: true });
    try {
      const { east, west } = pair;
      await pair.query(east, 'create table written (number integer primary key, filler text)');
      await pair.follow(east, west);
      let at = await pair.url(east);
      const writing = await writeTo(() => at, writesPerSecond);
      const clock = new LagClock();
      const [ages, bytes]: [number[], number[]] = [[], []];
      const began = performance.now();
      while (performance.now() - began < measuredForMs) {
        const sample = await samplePair(east, west);
        ages.push(clock.take(sample) ?? measuredForMs / 1000);
        bytes.push(lagBytesOf(sample) ?? 0);
        await delay(20);
      }
      const rate = writing.acknowledged.length / ((performance.now() - began) / 1000);

      await pair.kill(east);
      const killedAt = performance.now();
      const lastBefore = writing.acknowledged.length;
      const run = new Sequence(pair.servers, new FileBook(join(pair.folder, 'book')), 'bench');
      const steps = losePrimary(east.name, west.name);
      await run.run(steps.slice(0, 7));
      at = await pair.url(west);
      while (writing.acknowledged.length === lastBefore) await delay(2);
      const writesAgainMs = performance.now() - killedAt;
      await run.run(steps.slice(7));
      const wholeMs = performance.now() - killedAt;
      await writing.stop();
      const promoteMs = Number(run.told.get('standby.promote')?.['milliseconds']);
      const there = new Set((await pair.query<{ number: number }>(west, 'select number from written')).map(({ number }) => number)); // prettier-ignore
      const lost = writing.acknowledged.filter((number) => !there.has(number)).length;
      return [
        { what: 'RPO: age of the standby by its flush position, longest', value: Math.max(...ages), unit: 's', n: ages.length, limit: { atMost: 1 } }, // prettier-ignore
        { what: 'RPO: the same, 99 of 100', value: percentile(ages, 0.99), unit: 's', n: ages.length },
        { what: 'what it lacked at most', value: Math.max(...bytes) / 1e6, unit: 'MB', n: bytes.length },
        { what: 'writes a second while it was measured', value: rate, unit: '/s', limit: { atLeast: writesPerSecond * 0.95 } }, // prettier-ignore
        { what: 'RTO: from kill -9 of the primary to the end of the verification', value: wholeMs / 1000, unit: 's', limit: { atMost: 30 } }, // prettier-ignore
        { what: 'of it until the first write was confirmed', value: writesAgainMs / 1000, unit: 's' },
        { what: 'of it pg_promote', value: promoteMs / 1000, unit: 's' },
        {
          what: 'of it all that is not pg_promote',
          value: (wholeMs - promoteMs) / 1000,
          unit: 's',
          limit: { atMost: 5 },
        },
        { what: 'confirmed writes that were lost', value: lost, unit: '', limit: { atMost: 0 } },
      ];
    } finally {
      await pair.stop();
    }
  },
};
