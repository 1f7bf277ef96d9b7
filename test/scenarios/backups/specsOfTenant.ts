import type { ResourceSpec } from '#providers/provider.ts';
import type { TestInstallation } from '#test/servers/installation.ts';

/** What an activity would hand to the providers of a tenant's resources. */
export async function specsOfTenant(
  installation: TestInstallation,
  tenantId: string,
): Promise<{ kind: string; spec: ResourceSpec }[]> {
  const found = await installation.asAdmin<{ id: string; provider: string; run: string; access: 'open' | 'suspended' }>(
    null,
    `select r.id, r.provider, r.access, (select id from runs where tenant_id = $1 order by created_at limit 1) as run
     from resources r where r.tenant_id = $1 and r.provider in ('database', 'realm', 'storage', 'license') order by r.provider`,
    [tenantId],
  );
  const { id: installationId } = installation.platform.installation;
  return found.map(({ id, provider, run, access }) => ({
    kind: provider,
    spec: { installationId, tenantId, resourceId: id, runId: run, epoch: 1, region: 'default', access },
  }));
}
