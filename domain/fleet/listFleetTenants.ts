import { sql } from 'kysely';
import type { z } from 'zod';
import type { FleetTenantPage, FleetTenantQuery } from '#contracts/fleet/migrations.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import type { Sql } from '../database.ts';
import { isoOf } from '../isoOf.ts';
import { rows } from '../sql.ts';
import { readCatalogue } from './catalogue.ts';
import { isOfFleet } from './versions.ts';

interface Row {
  tenantId: string;
  name: string;
  slug: string | null;
  store: number | null;
  version: number | null;
  runId: string | null;
  migration: string | null;
  reasonCode: string;
  reason: string;
  since: string;
}

/** Which tenant is at which version, by name. */
export async function listFleetTenants(em: Sql, query: z.infer<typeof FleetTenantQuery>): Promise<FleetTenantPage> {
  const newest = (await readCatalogue(em)).migrations.length;
  const isBehind = sql`coalesce(v.version, 0) < ${newest}`;
  const where = [
    isOfFleet,
    ...(query.version === undefined ? [] : [sql`v.version = ${query.version}`]),
    ...(query.behind === undefined ? [] : [query.behind ? isBehind : sql`not (${isBehind})`]),
    ...(query.quarantined === undefined ? [] : [sql`(q.tenant_id is not null) = ${query.quarantined}`]),
  ];
  if (query.cursor) {
    const after = readCursor(query.cursor, 'text');
    where.push(sql`(t.search_text, t.id) > (${after.value}, ${after.id}::uuid)`);
  }
  const found = await rows<Row & { searchText: string }>(em)`
    select t.id as "tenantId", t.name, a.slug, s.ordinal as store, v.version, q.run_id as "runId", q.migration,
      q.reason_code as "reasonCode", q.reason, q.quarantined_at as since, t.search_text as "searchText"
    from resources r join tenants t on t.id = r.tenant_id
    left join data_stores s on s.id = r.store_id
    left join tenant_addresses a on a.tenant_id = t.id and a.state = 'current'
    left join tenant_versions v on v.tenant_id = t.id left join quarantined_tenants q on q.tenant_id = t.id
    where ${sql.join(where, sql` and `)} order by t.search_text, t.id limit ${query.limit + 1}`;
  const shown = found.slice(0, query.limit);
  const last = shown.at(-1);
  return {
    items: shown.map(({ tenantId, name, slug, store, version, runId, migration, reasonCode, reason, since }) => ({
      ...{ tenantId, name, slug, store, version },
      quarantine: runId === null ? null : { runId, migration, reasonCode, reason, since: isoOf(since) },
    })),
    nextCursor: last && found.length > query.limit ? writeCursor(last.searchText, last.tenantId) : null,
  };
}
