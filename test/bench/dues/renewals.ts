import { setTimeout as delay } from 'node:timers/promises';
import { setPrice } from '#domain/billing/prices.ts';
import type { Sql } from '#domain/database.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { rows } from '#domain/sql.ts';
import { scheduleIdOf } from '#temporal/schedules/scheduledJobs.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { percentile, type Bench, type Figure } from '../figure.ts';
import { processorMs, residentMb } from '../processCosts.ts';
import { letDaysPass, plantLicenses } from './plantLicenses.ts';

/** BENCH_DUES and BENCH_RENEWALS make it smaller, to try it out. */
const all = Number(process.env['BENCH_DUES'] ?? 100_000);
const count = Number(process.env['BENCH_RENEWALS'] ?? 3_000);
const heapMb = 256;
const patienceMs = 3_600_000;
const lookEveryMs = 1_000;
/** From its middle third to its last one; what is kept in memory is filled before that. */
const mostGrowth = 1.1;
const leastOfRate = 0.9;

/**
 * Renewals that fall due on one day, among a hundred thousand licences that have theirs due later, and cost nothing, so that no payment is
 * waited for: from the schedule's time until every run has ended. Each is signed ahead, activated and delivered by a workflow of its own, in a
 * worker's process that is looked at each second.
 */
export const renewals: Figure = {
  name: 'renewals',
  async measure({ servers, workflowBundle }: Bench) {
    const installation = await TestInstallation.start({ TENANTRY_WORKFLOW_BUNDLE: workflowBundle }, servers);
    try {
      const { em, temporal, platform } = installation;
      const rules = { renewal: { mode: 'auto', daysBefore: 7 }, reminders: { before: [], after: [] } };
      await plantLicenses(installation, { count: all - count, endsInDays: 90, rules });
      const policy = await plantLicenses(installation, { count, endsInDays: 30, rules });
      await em.transactional((tx) => setPrice(tx, policy, { currency: 'EUR', amount: 0 }, theSystem));
      // In so small a heap what leaks would end it; else Node lets garbage lie until there is a gigabyte of it.
      const worker = await installation.startWorkerProcess({ NODE_OPTIONS: `--max-old-space-size=${heapMb}` });
      const pid = worker.child.pid!;
      const handle = temporal.client.schedule.getHandle(scheduleIdOf('openLicenseRenewals', platform.installation.id));
      await installation.until('the schedule', 60_000, () => handle.describe().catch(() => null));
      await letDaysPass(installation, 24);
      const spentBefore = await processorMs(pid);
      await handle.trigger();
      const { seconds, memory, ended } = await watch(em, pid);
      const spentMs = (await processorMs(pid))! - spentBefore!;
      return [
        { what: `renewals at once, ${all} licences in the table`, value: count / seconds, unit: '/s', n: count },
        { what: 'their last third against the middle', value: rateOf(ended, 2) / rateOf(ended, 1), unit: '×', limit: { atLeast: leastOfRate } },
        { what: 'worker, last third against the middle', value: median(thirdOf(memory, 2)) / median(thirdOf(memory, 1)), unit: '×', limit: { atMost: mostGrowth } },
        { what: 'worker, median', value: median(memory), unit: 'MB' },
        { what: 'worker, most', value: Math.max(...memory), unit: 'MB' },
        { what: 'processor time of the worker for one', value: spentMs / count, unit: 'ms', n: count },
      ]; // prettier-ignore
    } finally {
      await installation.stop();
    }
  },
};

interface Watched {
  seconds: number;
  /** The worker's, in MB, each second. */
  memory: number[];
  /** When each ended, in seconds since the first look. */
  ended: number[];
}

async function watch(em: Sql, pid: number): Promise<Watched> {
  const began = performance.now();
  const memory: number[] = [];
  for (;;) {
    const [counted] = await rows<{ renewed: number; other: number }>(em)`
      select count(*) filter (where state = 'succeeded')::int as renewed,
             count(*) filter (where state in ('rolled_back', 'cancelled', 'needs_attention'))::int as other
      from runs where kind = 'renewLicense'`;
    if (counted!.other > 0) throw new Error(`${counted!.other} renewals did not succeed`);
    if (counted!.renewed === count) break;
    if (performance.now() - began > patienceMs) throw new Error('they were not renewed within an hour');
    memory.push(await residentMb(pid));
    await delay(lookEveryMs);
  }
  const seconds = (performance.now() - began) / 1000;
  const ended = await rows<{ at: number }>(em)`
    select extract(epoch from ended_at)::float8 as at from license_renewals where state = 'done' order by ended_at`;
  return { seconds, memory, ended: ended.map(({ at }) => at) };
}

const median = (values: number[]): number => percentile(values, 0.5);

function thirdOf<Value>(values: Value[], which: 0 | 1 | 2): Value[] {
  const third = Math.floor(values.length / 3);
  if (third < 2) throw new Error('it was over before it could be looked at');
  return values.slice(which * third, (which + 1) * third);
}

/** How many ended in a second in that third of them. */
function rateOf(ended: number[], which: 0 | 1 | 2): number {
  const third = thirdOf(ended, which);
  return third.length / (third.at(-1)! - third[0]!);
}
