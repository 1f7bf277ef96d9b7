import { setTimeout as delay } from 'node:timers/promises';
import type { DrainKind } from '#contracts/workflowInputs.ts';
import { rows } from '#domain/sql.ts';
import { scheduleIdOf } from '#temporal/schedules/scheduledJobs.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { percentile, type Bench, type Figure, type Measured } from '../figure.ts';
import { residentMb } from '../processCosts.ts';
import { measureLives } from './lives.ts';
import { letDaysPass, plantLicenses } from './plantLicenses.ts';

/** BENCH_DUES and BENCH_LIVES make it smaller, to try it out. */
const count = Number(process.env['BENCH_DUES'] ?? 100_000);
const liveCount = Number(process.env['BENCH_LIVES'] ?? 2_000);
const heapMb = 256;
const patienceMs = 3_600_000;
const lookEveryMs = 1_000;
const limitSeconds = 600;
/** From its middle third to its last one; it fills what it keeps in memory before that. */
const mostGrowth = 1.1;

/**
 * A hundred thousand licences of as many tenants that are all reminded of, and later all end, on one day: by a worker in a process of its
 * own and the schedules as they are. The worker's memory is looked at each second. Then as many as fit into some minutes as durable
 * lives instead, a workflow for each.
 */
export const dues: Figure = {
  name: 'dues',
  async measure(bench) {
    const { reminders, ends, mailsPerSecond } = await drained(bench);
    const lives = await lived(bench);
    const perSecond = count / reminders.seconds;
    return [
      { what: `${count} reminders on one day`, value: reminders.seconds, unit: 's', n: count, limit: { atMost: limitSeconds } },
      { what: `${count} ends on one day`, value: ends.seconds, unit: 's', n: count, limit: { atMost: limitSeconds } },
      { what: 'reminders and ends together', value: reminders.seconds + ends.seconds, unit: 's', limit: { atMost: limitSeconds } },
      { what: 'worker, last third of the day against the middle', value: growthOf([...reminders.memory, ...ends.memory]), unit: '×', limit: { atMost: mostGrowth } },
      { what: 'worker, median', value: percentile([...reminders.memory, ...ends.memory], 0.5), unit: 'MB' },
      { what: 'worker, most', value: Math.max(...reminders.memory, ...ends.memory), unit: 'MB' },
      { what: 'mails written meanwhile', value: mailsPerSecond, unit: '/s' },
      { what: 'reminders, by the due table', value: perSecond, unit: '/s' },
      { what: `reminders, by ${liveCount} lives`, value: lives.remindedPerSecond, unit: '/s', n: liveCount },
      { what: 'the table against the lives', value: perSecond / lives.remindedPerSecond, unit: '×' },
      { what: 'lives begun', value: lives.begunPerSecond, unit: '/s', n: liveCount },
      { what: `${count} lives to begin, extrapolated`, value: count / lives.begunPerSecond, unit: 's' },
      { what: `${count} lives to remind, extrapolated`, value: count / lives.remindedPerSecond, unit: 's' },
      { what: `Temporal stores for ${count} lives, extrapolated`, value: (lives.storedKb * count) / 1024, unit: 'MB' },
    ] satisfies Measured[]; // prettier-ignore
  },
};

interface Day {
  seconds: number;
  memory: number[];
}

async function drained({
  servers,
  workflowBundle,
}: Bench): Promise<{ reminders: Day; ends: Day; mailsPerSecond: number }> {
  const installation = await TestInstallation.start({ TENANTRY_WORKFLOW_BUNDLE: workflowBundle }, servers);
  try {
    await plantLicenses(installation, {
      count,
      endsInDays: 30,
      rules: { reminders: { before: [7], after: [] } },
    });
    // In so small a heap what leaks would end it; else Node lets garbage lie until there is a gigabyte of it.
    const worker = await installation.startWorkerProcess({ NODE_OPTIONS: `--max-old-space-size=${heapMb}` });
    const day = (kind: DrainKind, days: number) => measureDay(installation, { kind, days, pid: worker.child.pid! });
    const began = performance.now();
    const reminders = await day('remindOfLicenses', 24);
    const ends = await day('endLicenses', 7);
    const [sent] = await rows<{ count: number }>(installation.em)`
      select count(*)::int as count from mails where state = 'sent'`;
    const mailsPerSecond = sent!.count / ((performance.now() - began) / 1000);
    await everyOnce(installation);
    return { reminders, ends, mailsPerSecond };
  } finally {
    await installation.stop();
  }
}

/** From the schedule's time on until nothing is due any more. */
async function measureDay(
  installation: TestInstallation,
  { kind, days, pid }: { kind: DrainKind; days: number; pid: number },
): Promise<Day> {
  const { em, temporal, platform } = installation;
  const handle = temporal.client.schedule.getHandle(scheduleIdOf(kind, platform.installation.id));
  await installation.until('the schedule', 60_000, () => handle.describe().catch(() => null));
  await letDaysPass(installation, days);
  const memory: number[] = [];
  const began = performance.now();
  await handle.trigger();
  for (;;) {
    const [left] = await rows<{ is_left: boolean }>(em)`
      select exists (select 1 from license_dues where state = 'open' and due_at <= now()) as is_left`;
    if (!left!.is_left) return { seconds: (performance.now() - began) / 1000, memory };
    if (performance.now() - began > patienceMs) throw new Error(`${kind} did not end within an hour`);
    memory.push(await residentMb(pid));
    await delay(lookEveryMs);
  }
}

/** Each licence was reminded of once, ended once, and has a mail for each. */
async function everyOnce({ em }: TestInstallation): Promise<void> {
  const [counted] = await rows<{ reminded: number; ended: number; streams: number; mails: number }>(em)`
    select count(*) filter (where type = 'license.reminded')::int as reminded, count(*) filter (where type = 'license.expired')::int as ended,
           count(distinct stream) filter (where type in ('license.reminded', 'license.expired'))::int as streams,
           (select count(*)::int from mails where kind = 'license') as mails
    from events where stream like 'license:%'`;
  const { reminded, ended, streams, mails } = counted!;
  if (reminded !== count || ended !== count || streams !== count || mails !== 2 * count)
    throw new Error(
      `${reminded} reminders, ${ended} ends and ${mails} mails of ${streams} licences instead of ${count}`,
    );
}

const median = (values: number[]): number => percentile(values, 0.5);

function growthOf(memory: number[]): number {
  const third = Math.floor(memory.length / 3);
  if (third === 0) throw new Error('it was over before its memory could be looked at');
  return median(memory.slice(-third)) / median(memory.slice(third, 2 * third));
}

async function lived(bench: Bench): Promise<Awaited<ReturnType<typeof measureLives>>> {
  const installation = await TestInstallation.start({ TENANTRY_WORKFLOW_BUNDLE: bench.workflowBundle }, bench.servers);
  try {
    await plantLicenses(installation, {
      count: liveCount,
      endsInDays: 30,
      rules: { reminders: { before: [7], after: [] } },
    });
    await letDaysPass(installation, 24);
    return await measureLives(bench, installation, liveCount);
  } finally {
    await installation.stop();
  }
}
