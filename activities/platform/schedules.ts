import { DomainError } from '#contracts/errors.ts';
import type { ScheduledRunKind } from '#contracts/workflowInputs.ts';
import { openPlatformBackup } from '#domain/backups/platform/platformBackups.ts';
import { openCheck } from '#domain/drift/check.ts';
import type { Sql } from '#domain/database.ts';
import { theSystem, type Actor } from '#domain/events/appendEvent.ts';
import { openSweep } from '#domain/orphans/sweep.ts';
import { openRetention } from '#domain/retention/applyRetention.ts';
import type { Deps } from '../deps.ts';

/** What a schedule asks for: the run is written first, as whoever presses the button writes it. */
export const scheduleActivities = ({ registry }: Pick<Deps, 'registry'>) => ({
  /** Returns the run's id; null when one of its kind is under way already, which is as good. */
  async 'schedule.openRun'(kind: ScheduledRunKind, runId: string): Promise<string | null> {
    try {
      return await registry.em.fork().transactional((em) => openings[kind](em, null, theSystem, runId));
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'run_in_progress') throw error;
      return error.extra['runId'] === runId ? runId : null; // an earlier attempt committed and its answer was lost
    }
  },
});

type Open = (em: Sql, tenantId: null, actor: Actor, runId: string) => Promise<string>;

const openings: Record<ScheduledRunKind, Open> = {
  checkDrift: openCheck,
  sweepOrphans: openSweep,
  applyRetention: openRetention,
  backupPlatform: openPlatformBackup,
};
