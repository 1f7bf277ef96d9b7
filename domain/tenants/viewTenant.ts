import type { Resource as ResourceView, Tenant as TenantView, TenantDetail } from '#contracts/tenants.ts';
import type { Sql } from '../database.ts';
import { Resource } from '../resources/resourceRecord.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { Tenant, TenantAddress } from './tenantRecord.ts';

/** Tenants as the API tells of them, in the order given. */
export async function viewTenants(em: Sql, keys: TenantKeys, tenants: Tenant[]): Promise<TenantView[]> {
  const addresses = await em.find(TenantAddress, { tenantId: { $in: tenants.map(({ id }) => id) }, state: 'current' });
  const slugs = new Map(addresses.map(({ tenantId, slug }) => [tenantId, slug]));
  return Promise.all(
    tenants.map(async (tenant) => ({
      id: tenant.id,
      name: tenant.name,
      slug: slugs.get(tenant.id) ?? null,
      externalId: tenant.externalId ?? null,
      labels: tenant.labels,
      plan: tenant.plan,
      region: tenant.region,
      state: tenant.state,
      attention: tenant.attention,
      admin: await adminOf(keys, tenant),
      latestRunId: tenant.latestRunId ?? null,
      createdAt: tenant.createdAt.toISOString(),
      updatedAt: tenant.updatedAt.toISOString(),
    })),
  );
}

/** Null when there is no such tenant. */
export async function findTenantDetail(em: Sql, keys: TenantKeys, tenantId: string): Promise<TenantDetail | null> {
  const tenant = await em.findOne(Tenant, { id: tenantId });
  if (!tenant) return null;
  const [view] = await viewTenants(em, keys, [tenant]);
  const resources = await em.find(Resource, { tenantId }, { orderBy: { position: 'asc' } });
  return view ? { ...view, resources: resources.map(viewResource) } : null;
}

const viewResource = (resource: Resource): ResourceView => ({
  id: resource.id,
  kind: resource.kind,
  provider: resource.provider,
  title: resource.title,
  externalId: resource.externalId ?? null,
  state: resource.state,
  updatedAt: resource.updatedAt.toISOString(),
});

/** The person to invite, in clear: sealed with the tenant's key at rest, gone when that key is. */
export async function adminOf(
  keys: TenantKeys,
  tenant: Pick<Tenant, 'id' | 'adminSealed'>,
): Promise<{ email: string; name: string | null } | null> {
  if (!tenant.adminSealed || !(await keys.find(tenant.id))) return null;
  const sealed = Buffer.from(tenant.adminSealed);
  const admin = JSON.parse(await keys.unsealFor(tenant.id, sealed, 'admin')) as { email: string; name?: string };
  return { email: admin.email, name: admin.name ?? null };
}
