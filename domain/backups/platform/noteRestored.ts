import { appendEvent, theSystem } from '../../events/appendEvent.ts';
import type { Sql } from '../../database.ts';
import { settleOrphansTask } from '../../orphans/orphanFindings.ts';
import { rows } from '../../sql.ts';
import type { PlatformManifest } from './platformManifest.ts';

export interface RestoredPlatform {
  tenants: number;
  /** Runs that were under way: they go on when somebody confirms the Temporal cluster. */
  openRuns: number;
}

/** Tells in the audit that the registry is an earlier one, and asks a person to compare it with reality. Safe to repeat. */
export async function noteRestored(em: Sql, { installation, backup, at }: PlatformManifest): Promise<RestoredPlatform> {
  return em.transactional(async (tx) => {
    await rows(tx)`select id from installations for update`;
    const stream = `platform:${installation}` as const;
    const told = await rows(tx)`
      select 1 from events where stream = ${stream} and type = 'platform.restored' and data ->> 'backupId' = ${backup}
        and id > (select coalesce(max(id), 0) from events where type = 'platform.backed_up')`;
    if (told.length === 0)
      await appendEvent(
        tx,
        { stream, type: 'platform.restored', tenantId: null, data: { backupId: backup, at } },
        theSystem,
      );
    await settleOrphansTask(tx, null, theSystem);
    const [counted] = await rows<RestoredPlatform>(tx)`
      select (select count(*) from tenants where state not in ('erased', 'rolled_back'))::int as tenants,
             (select count(*) from runs
              where state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention'))::int as "openRuns"`;
    return counted!;
  });
}
