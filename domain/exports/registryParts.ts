import { isoOf } from '../isoOf.ts';
import { exportedUsage } from '../licenses/usage/exportedUsage.ts';
import { exportedRenewals } from '../licenses/renewing/forgetBilling.ts';
import { exportedLicenses } from '../licenses/viewLicenses.ts';
import { streamPeople } from '../members/realmPeople.ts';
import { findTenantRealm } from '../people/realm.ts';
import type { Platform } from '../platform.ts';
import { rows } from '../sql.ts';
import { adminOf } from '../tenants/viewTenant.ts';

/** What the registry itself knows of a tenant and its people, for the tenant: no secrets, and nothing of the platform's own. */
export async function registryParts(
  { registry, tenantKeys }: Pick<Platform, 'registry' | 'tenantKeys'>,
  tenantId: string,
): Promise<{ name: string; rows: object[] }[]> {
  const em = registry.em.fork();
  const [tenant] = await rows<{
    id: string;
    name: string;
    external_id: string | null;
    labels: object;
    plan: string;
    created_at: string;
    admin_sealed: Buffer | null;
  }>(em)`select id, name, external_id, labels, plan, created_at, admin_sealed from tenants where id = ${tenantId}`;
  const addresses = await rows<{ slug: string; state: string }>(em)`
    select slug, state from tenant_addresses where tenant_id = ${tenantId} and state <> 'released' order by created_at`;
  const admin = tenant && (await adminOf(tenantKeys, { id: tenantId, adminSealed: tenant.admin_sealed }));
  return [
    {
      name: 'tenant',
      rows: tenant
        ? [
            {
              id: tenant.id,
              name: tenant.name,
              externalId: tenant.external_id,
              labels: tenant.labels,
              plan: tenant.plan,
              createdAt: isoOf(tenant.created_at),
              addresses,
              administrator: admin,
            },
          ]
        : [],
    },
    { name: 'licenses', rows: await exportedLicenses(em, tenantId) },
    { name: 'usage', rows: await exportedUsage(em, tenantId) },
    { name: 'renewals', rows: await exportedRenewals(em, tenantId) },
  ];
}

/** Its people, some hundreds in memory at a time. */
export async function* exportedPeople(platform: Platform, tenantId: string): AsyncIterable<object> {
  const em = platform.registry.em.fork();
  const realm = await findTenantRealm(em, platform, tenantId);
  if (realm) yield* streamPeople(em, realm);
}
