import { DomainError } from '#contracts/errors.ts';
import type { FleetPlan, FleetSettings } from '#contracts/fleet/migrations.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import { readCatalogue, type Catalogue } from './catalogue.ts';
import { isOfFleet } from './versions.ts';
import { budgetOf, sizesOf } from './waveSizes.ts';

/**
 * The catalogue and the version that is meant. Refuses with `migrations_refused` when the workers' folder is not fit to be applied, or
 * holds no such version.
 */
export async function findTarget(
  em: Sql,
  wanted: number | undefined,
): Promise<{ catalogue: Catalogue; target: number }> {
  const catalogue = await readCatalogue(em);
  if (catalogue.problem) throw new DomainError('migrations_refused', catalogue.problem);
  const newest = catalogue.migrations.length;
  if (newest === 0) throw new DomainError('migrations_refused', 'No worker has told of any tenant migration yet.');
  if (wanted !== undefined && wanted > newest)
    throw new DomainError('migrations_refused', `There is no version ${wanted}; the newest is ${newest}.`);
  return { catalogue, target: wanted ?? newest };
}

/** What a run with these settings would do now. Writes nothing. Refuses with `migrations_refused`. */
export async function planFleet(em: Sql, settings: FleetSettings): Promise<FleetPlan> {
  const { catalogue, target } = await findTarget(em, settings.target);
  const chosen = settings.canary?.tenantIds ?? [];
  const found = await rows<{
    version: number | null;
    tenants: number;
    quarantined: number;
    held: number;
    chosen: number;
  }>(em)`
    select v.version, count(*)::int as tenants, count(q.tenant_id)::int as quarantined,
      count(*) filter (where q.tenant_id is null and exists (
        select 1 from runs where tenant_id = t.id and exclusive
          and runs.state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')))::int as held,
      count(*) filter (where q.tenant_id is null and t.id = any(${chosen}::uuid[]))::int as chosen
    from resources r join tenants t on t.id = r.tenant_id
    left join tenant_versions v on v.tenant_id = t.id left join quarantined_tenants q on q.tenant_id = t.id
    where ${isOfFleet} group by v.version order by v.version nulls first`;
  const [making] = await rows<{ count: number }>(em)`
    select count(*)::int as count from tenants where state = 'provisioning'`;
  const sum = (of: (row: (typeof found)[number]) => number) => found.reduce((total, row) => total + of(row), 0);
  const isBehind = ({ version }: { version: number | null }) => (version ?? 0) < target;
  const behind = sum((row) => (isBehind(row) ? row.tenants - row.quarantined : 0));
  const total = sum(({ tenants }) => tenants);
  return {
    target,
    digest: catalogue.digest,
    migrations: catalogue.migrations.slice(0, target).flatMap((migration) => {
      const tenants = sum((row) => ((row.version ?? 0) < migration.number ? row.tenants - row.quarantined : 0));
      return tenants > 0 ? [{ ...migration, tenants }] : [];
    }),
    tenants: {
      total,
      current: sum((row) => (isBehind(row) ? 0 : row.tenants)),
      behind,
      quarantined: sum((row) => (isBehind(row) ? row.quarantined : 0)),
      held: sum((row) => (isBehind(row) ? row.held : 0)),
      provisioning: making?.count ?? 0,
    },
    versions: found.map(({ version, tenants }) => ({ version, tenants })),
    waves: sizesOf(settings, { total: behind, chosen: sum((row) => (isBehind(row) ? row.chosen : 0)) }),
    budget: budgetOf(settings, behind),
  };
}
