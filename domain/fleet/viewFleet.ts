import type { Fleet } from '#contracts/fleet/migrations.ts';
import type { Sql } from '../database.ts';
import { isoOf } from '../isoOf.ts';
import { rows } from '../sql.ts';
import { readCatalogue } from './catalogue.ts';
import { countBehind, isOfFleet } from './versions.ts';

/** Which versions there are across the fleet, and which migrations wait. */
export async function viewFleet(em: Sql): Promise<Fleet> {
  const { migrations, digest, problem, readAt } = await readCatalogue(em);
  const newest = migrations.length;
  const versions = await rows<{ version: number | null; tenants: number }>(em)`
    select v.version, count(*)::int as tenants
    from resources r join tenants t on t.id = r.tenant_id left join tenant_versions v on v.tenant_id = t.id
    where ${isOfFleet} group by 1 order by 1 nulls first`;
  const stores = await rows<Fleet['stores'][number]>(em)`
    select s.ordinal, count(*)::int as tenants, count(*) filter (where coalesce(v.version, 0) < ${newest})::int as behind
    from resources r join tenants t on t.id = r.tenant_id join data_stores s on s.id = r.store_id
    left join tenant_versions v on v.tenant_id = t.id
    where ${isOfFleet} group by s.ordinal order by s.ordinal`;
  const [open] = await rows<{ id: string }>(em)`
    select id from runs where kind = 'migrateFleet' and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`;
  const [quarantine] = await rows<{ count: number }>(em)`select count(*)::int as count from quarantined_tenants`;
  return {
    ...{ newest, digest, problem, migrations, versions, stores },
    readAt: readAt === null ? null : isoOf(readAt),
    tenants: versions.reduce((sum, { tenants }) => sum + tenants, 0),
    behind: (await countBehind(em, newest)).behind,
    quarantined: quarantine?.count ?? 0,
    openRunId: open?.id ?? null,
  };
}
