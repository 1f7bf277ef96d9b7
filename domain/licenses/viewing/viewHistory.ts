import type { LicenseEvent, LicenseHistory } from '#contracts/licenses/history.ts';
import type { Sql } from '../../database.ts';
import { kindOf } from '../../events/actor.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';
import { findLicense } from '../licenseRow.ts';

/** The largest id there can be. */
const latest = '9223372036854775807';

/** What happened to a licence, newest first. Refuses with `not_found`. */
export async function viewHistory(
  em: Sql,
  licenseId: string,
  { cursor = latest, limit }: { cursor?: string | undefined; limit: number },
): Promise<LicenseHistory> {
  await findLicense(em, licenseId);
  const found = await rows<{
    id: string;
    type: string;
    created_at: string;
    actor_kind: LicenseEvent['by']['kind'] | null;
    actor_id: string | null;
    email: string | null;
    data: Record<string, unknown>;
  }>(em)`
    select e.id::text, e.type, e.created_at, e.actor_kind, e.actor_id, u.email, e.data
    from events e left join users u on u.id = e.actor_id and u.tenant_id is null
    where e.stream = ${`license:${licenseId}`} and e.id < ${cursor}::bigint order by e.id desc limit ${limit + 1}`;
  const items = found.slice(0, limit);
  return {
    items: items.map(({ id, type, created_at, actor_kind: kind, actor_id: userId, email, data }) => ({
      id,
      at: isoOf(created_at),
      type,
      by: { kind: kindOf({ userId, ...(kind ? { kind } : {}) }), email },
      data,
    })),
    nextCursor: found.length > limit ? (items.at(-1)?.id ?? null) : null,
  };
}
