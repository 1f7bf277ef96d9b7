import { createHash } from 'node:crypto';
import { v7 as newId } from 'uuid';
import type { RunRef } from '#contracts/workflowInputs.ts';
import { canonical } from '../../audit/canonical.ts';
import type { Sql } from '../../database.ts';
import { json, rows } from '../../sql.ts';
import type { WrittenBackup } from '../format/writeBackup.ts';

/** What a restore backed up before it replaced anything. */
export async function presentOf(em: Sql, runId: string): Promise<{ backupId: string; isKept: boolean } | null> {
  const [row] = await rows<{ id: string; state: string }>(em)`
    select id, state from backups where run_id = ${runId} and cause = 'before_restore' and state in ('writing', 'kept')`;
  return row ? { backupId: row.id, isKept: row.state === 'kept' } : null;
}

/** Its row comes before its first file; one that a killed attempt began is given up. */
export async function beginPresent(em: Sql, { runId, tenantId }: RunRef): Promise<string> {
  const id = newId();
  await em.transactional(async (tx) => {
    await rows(tx)`
      update backups set state = 'discarded', remove_at = now(), removed_because = 'unfinished'
      where run_id = ${runId} and state = 'writing'`;
    await rows(tx)`
      insert into backups (id, tenant_id, run_id, cause) values (${id}, ${tenantId}, ${runId}, 'before_restore')`;
  });
  return id;
}

export async function keepPresent(
  em: Sql,
  runId: string,
  {
    backupId,
    written: { manifest, storedBytes },
    lockedUntil,
  }: { backupId: string; written: WrittenBackup; lockedUntil: Date | null },
): Promise<void> {
  const total = (of: (one: (typeof manifest.sources)[number]) => number): number =>
    manifest.sources.reduce((sum, one) => sum + of(one), 0);
  const sources = manifest.sources.map(({ source, at, parts, rows: count, objects, bytes }) => ({
    ...{ source, at, parts, rows: count, objects, bytes },
  }));
  const digest = createHash('sha256').update(canonical(manifest)).digest();
  await em.transactional(async (tx) => {
    await rows(tx)`
      update backups set state = 'kept', at = ${manifest.at}, finished_at = ${manifest.finishedAt}, skew_ms = ${manifest.skewMs},
        fence_ms = ${manifest.fenceMs}, schema_version = ${manifest.schemaVersion}, digest = ${digest},
        sources = ${json(sources)}::jsonb, rows = ${total((one) => one.rows)}, objects = ${total((one) => one.objects)},
        bytes = ${total((one) => one.bytes)}, stored_bytes = ${storedBytes}, locked_until = ${lockedUntil}
      where id = ${backupId} and state = 'writing'`;
    await rows(tx)`update restores set before_backup_id = ${backupId} where run_id = ${runId}`;
  });
}
