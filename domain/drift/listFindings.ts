import { sql } from 'kysely';
import type { z } from 'zod';
import type { DriftFinding, DriftPage, DriftQuery } from '#contracts/findings/drift.ts';
import type { Reach } from '../access/grants.ts';
import { withinReach } from '../access/withinReach.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import type { Sql } from '../database.ts';
import { headingOfKind } from '../resources/resourceTitles.ts';
import { rows } from '../sql.ts';
import { isOpen } from './openFindings.ts';
import { isoOf } from '../isoOf.ts';

/** Findings, newest first. */
export async function listFindings(em: Sql, query: z.infer<typeof DriftQuery>, reach: Reach): Promise<DriftPage> {
  const ofTenant = query.tenantId ? sql`f.tenant_id = ${query.tenantId}` : sql`true`;
  const shown = sql`${ofTenant} and ${withinReach(reach, sql`f.tenant_id`)}`;
  const where = [
    shown,
    ...(query.state ? [query.state === 'open' ? isOpen : sql`f.state = ${query.state} and not ${isOpen}`] : []),
    ...(query.ghost === undefined ? [] : [sql`f.is_ghost = ${query.ghost}`]),
  ];
  if (query.cursor) {
    const after = readCursor(query.cursor, 'time');
    where.push(sql`(f.first_seen_at, f.id) < (${after.value}::timestamptz, ${after.id}::uuid)`);
  }
  const found = await rows<{ id: string }>(em)`
    select f.id from drift_findings f where ${sql.join(where, sql` and `)}
    order by f.first_seen_at desc, f.id desc limit ${query.limit + 1}`;
  const items = await viewFindings(
    em,
    found.slice(0, query.limit).map(({ id }) => id),
  );
  const last = items.at(-1);
  const [open] = await rows<{ count: number }>(em)`
    select count(*)::integer as count from drift_findings f where ${shown} and ${isOpen}`;
  return {
    items,
    nextCursor: last && found.length > query.limit ? writeCursor(last.firstSeenAt, last.id) : null,
    openCount: open?.count ?? 0,
  };
}

type FindingRow = Omit<DriftFinding, 'tenant' | 'resource' | 'accepted'> & {
  provider: string;
  name: string;
  slug: string | null;
  plan: string;
  reason: string | null;
  until: string | null;
  by: string | null;
};

/** In the order given. */
export async function viewFindings(em: Sql, ids: string[]): Promise<DriftFinding[]> {
  const found = await rows<FindingRow>(em)`
    select f.id, f.tenant_id as "tenantId", f.resource_id as "resourceId", r.provider, t.name, a.slug, t.plan, f.what, f.expected, f.found,
           f.repair, f.is_ghost as ghost, case when ${isOpen} then 'open' else f.state end as state,
           f.first_seen_at as "firstSeenAt", f.last_seen_at as "lastSeenAt", f.accepted_reason as reason,
           f.accepted_until as until, u.email as by, f.repair_run_id as "repairRunId", f.repair_reason as "repairReason"
    from drift_findings f
    join resources r on r.id = f.resource_id
    join tenants t on t.id = f.tenant_id
    left join tenant_addresses a on a.tenant_id = t.id and a.state = 'current'
    left join users u on u.id = f.accepted_by and u.tenant_id is null
    where f.id = any(${ids}::uuid[])`;
  const views = new Map(
    found.map(({ provider, name, slug, plan, reason, until, by, ...finding }) => [
      finding.id,
      {
        ...finding,
        tenant: { name, slug, plan },
        resource: headingOfKind(provider),
        firstSeenAt: isoOf(finding.firstSeenAt),
        lastSeenAt: isoOf(finding.lastSeenAt),
        accepted: until && finding.state === 'accepted' ? { reason: reason ?? '', until: isoOf(until), by } : null,
      },
    ]),
  );
  return ids.flatMap((id) => views.get(id) ?? []);
}
