import type { ServerArchive } from '#contracts/recovery/serverArchive.ts';
import type { Sql } from '../database.ts';
import { isoOf } from '../isoOf.ts';
import { rows } from '../sql.ts';
import type { PhysicalSettings } from '../settings/physical.ts';

interface BaseRow {
  id: string;
  reaches_from: string;
  proven_at: string;
  bytes: string;
  stored_bytes: string;
  bases: number;
}

interface CheckRow {
  checked_at: string;
  reaches_from: string | null;
  reaches_until: string | null;
  segments: string;
  stored_bytes: string;
  waiting: number;
  gaps: number;
  failing: string | null;
}

/** How base backups and the log of the server stand, by what was noted of them last. */
export async function viewArchive(
  em: Sql,
  { kind, baseAt }: Pick<PhysicalSettings, 'kind' | 'baseAt'>,
): Promise<ServerArchive> {
  const [base] = await rows<BaseRow>(em)`
    select id, reaches_from, proven_at, bytes, stored_bytes, count(*) over ()::int as bases
    from server_backups where state = 'proven' order by reaches_from desc limit 1`;
  const [failed] = await rows<{ at: string }>(em)`
    select created_at as at from server_backups f where state = 'failed' and not exists (
      select 1 from server_backups b where b.state = 'proven' and b.created_at > f.created_at)
    order by created_at desc limit 1`;
  const [check] = await rows<CheckRow>(em)`
    select checked_at, reaches_from, reaches_until, segments, stored_bytes, waiting, jsonb_array_length(gaps) as gaps, failing
    from archive_checks`;
  return {
    kind,
    baseAt: baseAt && `${String(baseAt.hour).padStart(2, '0')}:${String(baseAt.minute).padStart(2, '0')}`,
    newestBase: base
      ? {
          ...{ id: base.id, reachesFrom: isoOf(base.reaches_from), provenAt: isoOf(base.proven_at) },
          ...{ bytes: Number(base.bytes), storedBytes: Number(base.stored_bytes) },
        }
      : null,
    bases: base?.bases ?? 0,
    lastFailedAt: failed ? isoOf(failed.at) : null,
    check: check
      ? {
          checkedAt: isoOf(check.checked_at),
          reachesFrom: check.reaches_from && isoOf(check.reaches_from),
          reachesUntil: check.reaches_until && isoOf(check.reaches_until),
          ...{ segments: Number(check.segments), storedBytes: Number(check.stored_bytes) },
          ...{ waiting: check.waiting, gaps: check.gaps, failing: check.failing },
        }
      : null,
  };
}
