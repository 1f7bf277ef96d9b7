import { sql } from 'kysely';
import type { z } from 'zod';
import type { OrphanFinding, OrphanPage, OrphanQuery } from '#contracts/findings/orphans.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import { countOpenOrphans, isOpenOrphan } from './orphanFindings.ts';
import { findLock } from './sweepLock.ts';
import { isoOf } from '../isoOf.ts';

/** Orphans, newest first. */
export async function listOrphans(em: Sql, query: z.infer<typeof OrphanQuery>): Promise<OrphanPage> {
  const where = [
    sql`true`,
    ...(query.state
      ? [query.state === 'open' ? isOpenOrphan : sql`f.state = ${query.state} and not ${isOpenOrphan}`]
      : []),
  ];
  if (query.cursor) {
    const after = readCursor(query.cursor, 'time');
    where.push(sql`(f.first_seen_at, f.id) < (${after.value}::timestamptz, ${after.id}::uuid)`);
  }
  const found = await rows<{ id: string }>(em)`
    select f.id from orphan_findings f where ${sql.join(where, sql` and `)}
    order by f.first_seen_at desc, f.id desc limit ${query.limit + 1}`;
  const items = await viewOrphans(
    em,
    found.slice(0, query.limit).map(({ id }) => id),
  );
  const last = items.at(-1);
  return {
    items,
    nextCursor: last && found.length > query.limit ? writeCursor(last.firstSeenAt, last.id) : null,
    openCount: await countOpenOrphans(em),
    lock: await findLock(em),
  };
}

type OrphanRow = Omit<OrphanFinding, 'accepted'> & { reason: string | null; until: string | null; by: string | null };

/** In the order given. */
export async function viewOrphans(em: Sql, ids: string[]): Promise<OrphanFinding[]> {
  const found = await rows<OrphanRow>(em)`
    select f.id, f.what, f.provider, f.external_id as "externalId", f.why, f.tenant_id as "tenantId", t.name as "tenantName",
           case when ${isOpenOrphan} then 'open' else f.state end as state, f.first_seen_at as "firstSeenAt",
           f.last_seen_at as "lastSeenAt", f.accepted_reason as reason, f.accepted_until as until, u.email as by,
           f.removal_run_id as "removalRunId", f.removal_reason as "removalReason"
    from orphan_findings f left join tenants t on t.id = f.tenant_id left join users u on u.id = f.accepted_by and u.tenant_id is null
    where f.id = any(${ids}::uuid[])`;
  const views = new Map(
    found.map(({ reason, until, by, ...finding }) => [
      finding.id,
      {
        ...finding,
        firstSeenAt: isoOf(finding.firstSeenAt),
        lastSeenAt: isoOf(finding.lastSeenAt),
        accepted: until && finding.state === 'accepted' ? { reason: reason ?? '', until: isoOf(until), by } : null,
      },
    ]),
  );
  return ids.flatMap((id) => views.get(id) ?? []);
}
