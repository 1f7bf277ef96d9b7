import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { remindOf } from '#domain/licenses/dues/drainReminders.ts';
import { findDue } from '#domain/licenses/dues/dueRows.ts';
import { rows } from '#domain/sql.ts';
import { createLogger } from '#observability/logging.ts';
import { installRuntime } from '#workers/worker.ts';
import type { TestInstallation } from '#test/servers/installation.ts';
import type { Bench } from '../figure.ts';
import { residentMb } from '../processCosts.ts';

const startersAtOnce = 24;

/** What lives ask for: the reminder of one licence, by what the drain does for one. */
const lifeActivities = ({ em, platform }: TestInstallation) => ({
  async remindOfOne(licence: Licence): Promise<void> {
    await remindOf(em.fork(), platform, [licence], new Date());
  },
});
export interface Licence {
  licenseId: string;
  tenantId: string;
}
export type LifeActivities = ReturnType<typeof lifeActivities>;

export interface Lives {
  /** Lives begun in a second, and reminders that went out in a second once all were due. */
  begunPerSecond: number;
  remindedPerSecond: number;
  /** What Temporal's store grew by for each. */
  storedKb: number;
  temporalMb: number;
}

/** A workflow for each licence, which sleeps until its reminder is due; all are due at the same moment. */
export async function measureLives(bench: Bench, installation: TestInstallation, count: number): Promise<Lives> {
  installRuntime(createLogger('worker', { level: 'warn' }));
  const address = bench.servers.temporalAddress;
  const taskQueue = `lives-${randomUUID()}`;
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: join(import.meta.dirname, '../workflows/licenseLife.ts'),
      logger: new DefaultLogger('WARN'),
    }),
    activities: lifeActivities(installation),
    stickyQueueScheduleToStartTimeout: '1s',
  });
  const running = worker.run();
  const licences = await findDue(installation.em, 'reminders', new Date(), count);
  if (licences.length !== count) throw new Error(`${licences.length} licences are due instead of ${count}`);
  const clientConnection = await Connection.connect({ address });
  const client = new Client({ connection: clientConnection });
  try {
    const before = await storedKb(bench);
    // Long enough for all to have begun; what is left of it then is waited for.
    const dueAt = Date.now() + 5_000 + count * 40;
    const began = performance.now();
    const left = [...licences];
    await Promise.all(
      Array.from({ length: startersAtOnce }, async () => {
        for (let licence = left.pop(); licence; licence = left.pop())
          await client.workflow.start('licenseLife', {
            taskQueue,
            workflowId: `life/${randomUUID()}`,
            args: [licence, [dueAt]],
          });
      }),
    );
    const begunSeconds = (performance.now() - began) / 1000;
    if (Date.now() > dueAt) throw new Error('the first were due before the last had begun');
    const stored = (await storedKb(bench)) - before;
    await installation.until('all lives to have reminded', 3_600_000, async () => (await open(installation)) === 0);
    return {
      begunPerSecond: count / begunSeconds,
      remindedPerSecond: count / ((Date.now() - dueAt) / 1000),
      storedKb: stored / count,
      temporalMb: await residentMb(bench.servers.pids['temporal']!),
    };
  } finally {
    worker.shutdown();
    await running;
    await clientConnection.close();
    await connection.close();
  }
}

async function open({ em }: TestInstallation): Promise<number> {
  const [counted] = await rows<{ count: number }>(em)`
    select count(*)::int as count from license_dues where state = 'open' and kind = 'reminder' and due_at <= now()`;
  return counted!.count;
}

/** Temporal's database with what is not merged into it yet. */
async function storedKb({ place }: Bench): Promise<number> {
  const file = join(place, 'servers', 'temporal', 'temporal.db');
  const sizes = await Promise.all([file, `${file}-wal`].map((one) => stat(one).then(({ size }) => size)));
  return sizes.reduce((sum, size) => sum + size) / 1024;
}
