import { openFleetBackupNow } from '#domain/backups/fleet/openFleetBackup.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { rows } from '#domain/sql.ts';
import { startRun } from '#temporal/startRun.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import type { Bench, Figure, Measured } from '../figure.ts';

const tenants = 500;
const provisionedAtOnce = 16;
const patienceMs = 1_800_000;
/** The last hundred may take so much longer than the first. */
const mostGrowth = 1.3;
const hundred = 100;

/** Five hundred tenants of one plan backed up in one window, by one worker: how many a second, and whether the last are as fast as the first. */
export const backupWindow: Figure = {
  name: 'backup-window',
  async measure({ servers, workflowBundle }: Bench): Promise<Measured[]> {
    const installation = await TestInstallation.start({ TENANTRY_WORKFLOW_BUNDLE: workflowBundle }, servers);
    try {
      await installation.startWorkerProcess();
      for (let made = 0; made < tenants; made += provisionedAtOnce)
        await Promise.all(
          Array.from({ length: Math.min(provisionedAtOnce, tenants - made) }, (_, at) =>
            installation.provision({ name: `Of the window ${made + at}` }),
          ),
        );
      const { em, platform, temporal } = installation;
      const runId = await em.transactional((tx) => openFleetBackupNow(tx, 'standard', new Date(), theSystem));
      const began = performance.now();
      await startRun(platform, temporal.client, runId);
      const { state, reason } = await installation.runIsOver(runId, patienceMs);
      if (state !== 'succeeded') throw new Error(`the backups ended ${state}: ${reason}`);
      const seconds = (performance.now() - began) / 1_000;
      const ends = await rows<{ at: number }>(em)`
        select extract(epoch from finished_at)::float8 as at from backups where state = 'kept' order by finished_at`;
      if (ends.length !== tenants) throw new Error(`${ends.length} backups were kept`);
      const took = (from: number): number => ends[from + hundred - 1]!.at - ends[from]!.at;
      return [
        {
          what: `${tenants} tenants backed up in one window, each read again`,
          value: tenants / seconds,
          unit: '/s',
          n: tenants,
        },
        {
          what: 'the last hundred against the first',
          value: took(tenants - hundred) / took(0),
          unit: '×',
          limit: { atMost: mostGrowth },
        },
      ];
    } finally {
      await installation.stop();
    }
  },
};
