import { sql, type RawBuilder } from 'kysely';
import type { Sql } from '../database.ts';
import { json, rows } from '../sql.ts';

/**
 * Tenants (`t`) that have a schema (resource `r`) to be migrated: also while they are suspended, and in the days of grace before
 * they are erased.
 */
export const isOfFleet: RawBuilder<boolean> = sql`
  (r.provider = 'database' and r.state = 'present' and t.state in ('active', 'suspended', 'offboarding'))`;

/** Writes where schemas stand, as was just seen. */
export async function noteVersions(em: Sql, seen: { tenantId: string; version: number }[]): Promise<void> {
  if (seen.length === 0) return;
  const given = seen.map(({ tenantId, version }) => ({ tenant_id: tenantId, version }));
  await rows(em)`
    insert into tenant_versions as known (tenant_id, version)
    select tenant_id, version from jsonb_to_recordset(${json(given)}::jsonb) as s (tenant_id uuid, version integer)
    on conflict (tenant_id) do update set version = excluded.version, updated_at = now()
      where known.version <> excluded.version`;
}

export interface SchemaOfTenant {
  tenantId: string;
  resourceId: string;
  database: string;
}

/** Schemas of which nobody has told where they stand: made before there were fleets, or brought back by hand. */
export const schemasOfUnknownVersion = (em: Sql, limit: number): Promise<SchemaOfTenant[]> =>
  rows<SchemaOfTenant>(em)`
    select r.tenant_id as "tenantId", r.id as "resourceId", s.database_name as database
    from resources r join tenants t on t.id = r.tenant_id join data_stores s on s.id = r.store_id
    where ${isOfFleet} and not exists (select 1 from tenant_versions v where v.tenant_id = r.tenant_id)
    order by r.tenant_id limit ${limit}`;

/** How many tenants are behind the newest version, and how many of them wait in quarantine. */
export async function countBehind(em: Sql, newest: number): Promise<{ behind: number; quarantined: number }> {
  const [counted] = await rows<{ behind: number; quarantined: number }>(em)`
    select count(*)::int as behind, count(q.tenant_id)::int as quarantined
    from resources r join tenants t on t.id = r.tenant_id
    left join tenant_versions v on v.tenant_id = t.id left join quarantined_tenants q on q.tenant_id = t.id
    where ${isOfFleet} and coalesce(v.version, 0) < ${newest}`;
  return counted ?? { behind: 0, quarantined: 0 };
}
