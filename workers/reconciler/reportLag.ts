import type { Sql } from '#domain/database.ts';
import { rows } from '#domain/sql.ts';
import { isOpen } from '#domain/drift/openFindings.ts';
import { isOpenOrphan } from '#domain/orphans/orphanFindings.ts';
import {
  reportFindings,
  reportHeldRuns,
  reportOpenTasks,
  reportReconcilerLag,
  type OpenFindings,
} from '#observability/metrics.ts';
import type { TaskKind } from '#contracts/tasks.ts';
import { ageOfNewestProven } from '#domain/backups/platform/platformBackups.ts';
import { agesOfServerBackups } from '#domain/physical/serverBackups.ts';
import { reportServerBackups } from '#observability/recovery/serverBackupMetrics.ts';
import { reportPlatformBackupAge } from '#observability/backups/platformBackupMetrics.ts';
import { lagOfDues } from '#domain/licenses/dues/dueRows.ts';
import { reportDueLag } from '#observability/licenses/dueMetrics.ts';

/** What waits for the reconciler and for people; told also while Temporal does not answer. */
export async function reportLag(em: Sql): Promise<void> {
  const [oldest] = await rows<{ age: string | null }>(em)`
    select extract(epoch from now() - min(created_at)) as age from runs
    where workflow_started_at is null and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`;
  reportReconcilerLag(Number(oldest?.age ?? 0));
  const open = await rows<{ kind: TaskKind; count: number }>(em)`
    select kind, count(*)::integer as count from tasks where state = 'open' group by kind`;
  reportOpenTasks(new Map(open.map(({ kind, count }) => [kind, count])));
  const held = await rows<{ by: string; count: number }>(em)`
    select split_part(held_by, ':', 1) as by, count(*)::integer as count from runs where held_by is not null group by 1`;
  reportHeldRuns(new Map(held.map(({ by, count }) => [by, count])));
  const [findings] = await rows<OpenFindings>(em)`
    select (select count(*) from drift_findings f where not is_ghost and ${isOpen})::integer as drift,
           (select count(*) from drift_findings f where is_ghost and ${isOpen})::integer as ghost,
           (select count(*) from orphan_findings f where ${isOpenOrphan})::integer as orphan,
           (select count(*) from installations where sweep_locked_at is not null)::integer as locked`;
  if (findings) reportFindings(findings);
  reportDueLag(await lagOfDues(em));
  reportServerBackups(await agesOfServerBackups(em));
  reportPlatformBackupAge(await ageOfNewestProven(em));
}
