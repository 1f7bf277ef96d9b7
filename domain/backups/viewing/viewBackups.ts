import { sql } from 'kysely';
import type { Backup, BackupPage, BackupQuery, BackupSource } from '#contracts/backups/backups.ts';
import { DomainError } from '#contracts/errors.ts';
import { readCursor, writeCursor } from '../../cursors.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { refuseUnknownTenant } from '../../offboarding/offboardingRow.ts';
import { registryTime, rows } from '../../sql.ts';
import { rulesOf } from '../policies/policyRow.ts';
import { keptOf } from '../retention/removing.ts';
import { whatStays, type WhyItStays } from '../retention/whatStays.ts';

interface Row {
  id: string;
  run_id: string;
  cause: Backup['cause'];
  state: Backup['state'];
  started_at: string;
  at: string | null;
  finished_at: string | null;
  skew_ms: number | null;
  fence_ms: number | null;
  schema_version: number | null;
  sources: BackupSource[];
  rows: string | null;
  objects: string | null;
  bytes: string | null;
  stored_bytes: string | null;
  digest: string | null;
  locked_until: string | null;
  verified_at: string | null;
  verified_as: 'good' | 'bad' | null;
  refusal_code: string | null;
  refusal: string | null;
  proven_at: string | null;
  removed_because: string | null;
  remove_failure: string | null;
  removed_at: string | null;
  is_held: boolean;
}

const columns = sql`id, run_id, cause, state, started_at, at, finished_at, skew_ms, fence_ms, schema_version, sources, rows::text, objects::text,
  bytes::text, stored_bytes::text, encode(digest, 'hex') as digest, locked_until, verified_at, verified_as, refusal_code, refusal, proven_at,
  removed_because, remove_failure, removed_at,
  exists (select 1 from legal_holds h where h.backup_id = backups.id and h.lifted_at is null) as is_held`;

/** A tenant's backups, the newest first; what was never finished is told by its run. Refuses with `not_found`. */
export async function listBackups(em: Sql, tenantId: string, query: BackupQuery): Promise<BackupPage> {
  await refuseUnknownTenant(em, tenantId);
  const where = [
    sql`tenant_id = ${tenantId} and state in ('writing', 'kept', 'removing', 'removed') and removed_because is distinct from 'unfinished'`,
    ...(query.from === undefined ? [] : [sql`started_at >= ${query.from}::timestamptz`]),
    ...(query.to === undefined ? [] : [sql`started_at < ${query.to}::timestamptz`]),
  ];
  if (query.cursor) {
    const after = readCursor(query.cursor, 'time');
    where.push(sql`(started_at, id) < (${after.value}::timestamptz, ${after.id}::uuid)`);
  }
  const found = await rows<Row>(em)`
    select ${columns} from backups where ${sql.join(where, sql` and `)} order by started_at desc, id desc limit ${query.limit + 1}`;
  const shown = found.slice(0, query.limit);
  const last = shown.at(-1);
  const stays = await whatStaysOf(em, tenantId);
  return {
    items: shown.map((row) => viewOf(row, stays)),
    nextCursor: last && found.length > query.limit ? writeCursor(isoOf(last.started_at), last.id) : null,
  };
}

/** Refuses with `not_found`. */
export async function viewBackup(em: Sql, tenantId: string, backupId: string): Promise<Backup> {
  const [row] = await rows<Row>(em)`select ${columns} from backups where id = ${backupId} and tenant_id = ${tenantId}`;
  if (!row) throw new DomainError('not_found', 'There is no such backup of this tenant.');
  return viewOf(row, await whatStaysOf(em, tenantId));
}

async function whatStaysOf(em: Sql, tenantId: string): Promise<Map<string, WhyItStays[]>> {
  const [tenant] = await rows<{ plan: string }>(em)`select plan from tenants where id = ${tenantId}`;
  const { keep } = await rulesOf(em, tenant?.plan ?? '');
  const { backups, isHeld } = await keptOf(em, tenantId);
  return whatStays(backups, keep, { now: new Date(await registryTime(em)), isHeld });
}

const timeOf = (time: string | null): string | null => time && isoOf(time);
const numberOf = (text: string | null): number | null => (text === null ? null : Number(text));

const viewOf = (row: Row, stays: Map<string, WhyItStays[]>): Backup => ({
  id: row.id,
  runId: row.run_id,
  cause: row.cause,
  state: row.state,
  startedAt: isoOf(row.started_at),
  at: timeOf(row.at),
  finishedAt: timeOf(row.finished_at),
  skewMs: row.skew_ms,
  fenceMs: row.fence_ms,
  schemaVersion: row.schema_version,
  sources: row.sources,
  rows: numberOf(row.rows),
  objects: numberOf(row.objects),
  bytes: numberOf(row.bytes),
  storedBytes: numberOf(row.stored_bytes),
  digest: row.digest,
  lockedUntil: timeOf(row.locked_until),
  verified:
    row.verified_at === null
      ? null
      : {
          at: isoOf(row.verified_at),
          as: row.verified_as ?? 'bad',
          code: row.refusal_code,
          text: row.refusal,
        },
  provenAt: timeOf(row.proven_at),
  stays: stays.get(row.id) ?? [],
  removed:
    row.removed_because === null
      ? null
      : { at: timeOf(row.removed_at), because: row.removed_because, failure: row.remove_failure },
  isHeld: row.is_held,
  may: { verify: row.state === 'kept', hold: row.state === 'kept' && !row.is_held },
});
