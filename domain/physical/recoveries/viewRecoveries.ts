import type { BaseBackupView, Recovery, RecoveryList, RecoveryState } from '#contracts/recovery/recoveries.ts';
import type { Configuration } from '../../configuration.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';
import { refuseUnknown } from '../../tenants/refuseUnknown.ts';
import { reachOf } from '../reach.ts';

const shown = 50;

type Counted<T, K extends keyof T> = Omit<T, K> & Record<K, string | null>;
const numberOf = (text: string | null): number | null => (text === null ? null : Number(text));
const timeOf = (time: string | null): string | null => time && isoOf(time);

/** What was brought back of one tenant, or of all, and what can be. Refuses with `not_found`. */
export async function listTenantRecoveries(
  em: Sql,
  configuration: Pick<Configuration, 'physical'>,
  tenantId: string,
): Promise<RecoveryList> {
  await refuseUnknown(em, tenantId);
  return { reach: await reachOf(em, configuration), items: await recoveries(em, tenantId) };
}

export async function readRecoveryState(
  em: Sql,
  configuration: Pick<Configuration, 'physical'>,
): Promise<RecoveryState> {
  const { physical } = configuration;
  const [archive] = await rows<Record<'segments' | 'bytes', string> & { waiting: number }>(em)`
    select segments::text, stored_bytes::text as bytes, waiting from archive_checks`;
  const { baseAt } = physical;
  const two = (of: number): string => String(of).padStart(2, '0');
  return {
    reach: await reachOf(em, configuration),
    baseAt: baseAt && `${two(baseAt.hour)}:${two(baseAt.minute)}`,
    basesKept: physical.basesKept,
    ...{ segments: Number(archive?.segments ?? 0), archiveBytes: Number(archive?.bytes ?? 0) },
    waiting: archive?.waiting ?? 0,
    bases: await basesOf(em),
    items: await recoveries(em, null),
  };
}

async function basesOf(em: Sql): Promise<BaseBackupView[]> {
  const found = await rows<Counted<BaseBackupView, 'files' | 'bytes' | 'storedBytes'>>(em)`
    select id, state, reaches_from as "reachesFrom", created_at as "createdAt", proven_at as "provenAt",
      files::text, bytes::text, stored_bytes::text as "storedBytes"
    from server_backups where state <> 'removed' and (state <> 'failed' or created_at > now() - interval '7 days')
    order by created_at desc limit ${shown}`;
  return found.map((row) => ({
    ...{ id: row.id, state: row.state, createdAt: isoOf(row.createdAt) },
    ...{ reachesFrom: timeOf(row.reachesFrom), provenAt: timeOf(row.provenAt) },
    ...{ files: numberOf(row.files), bytes: numberOf(row.bytes), storedBytes: numberOf(row.storedBytes) },
  }));
}

async function recoveries(em: Sql, tenantId: string | null): Promise<Recovery[]> {
  const found = await rows<Counted<Recovery, 'bytes' | 'broughtBack'>>(em)`
    select c.run_id as "runId", c.tenant_id as "tenantId", t.name as tenant, c.at, c.mode, r.state,
      case when r.reason_code is not null then jsonb_build_object('code', r.reason_code, 'text', r.reason) end as reason,
      c.created_at as "startedAt", r.finished_at as "finishedAt", c.bytes::text, c.brought_back::text as "broughtBack",
      c.reached_at as "reachedAt", c.proof, b.id as "backupId",
      case when s.id is not null then jsonb_build_object('runId', s.id, 'tenantId', s.tenant_id, 'state', s.state) end as restore
    from recoveries c join runs r on r.id = c.run_id join tenants t on t.id = c.tenant_id
      left join backups b on b.run_id = c.run_id and b.state = 'kept' left join runs s on s.id = c.restore_run_id
    where ${tenantId}::uuid is null or c.tenant_id = ${tenantId}::uuid order by c.created_at desc limit ${shown}`;
  return found.map((row) => ({
    ...row,
    ...{ at: isoOf(row.at), startedAt: isoOf(row.startedAt) },
    ...{ finishedAt: timeOf(row.finishedAt), reachedAt: timeOf(row.reachedAt) },
    ...{ bytes: numberOf(row.bytes), broughtBack: Number(row.broughtBack) },
  }));
}
