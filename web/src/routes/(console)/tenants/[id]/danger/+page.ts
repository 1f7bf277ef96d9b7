import type { TenantAddresses } from '#contracts/life/addresses.ts';
import type { OwnershipChanges } from '#contracts/life/ownership.ts';
import type { SecretRotations } from '#contracts/life/rotation.ts';
import type { TenantSuspensions } from '#contracts/life/suspension.ts';
import type { TenantEnd } from '#contracts/offboarding/offboarding.ts';
import type { RunPage } from '#contracts/runs.ts';
import type { TenantDetail } from '#contracts/tenants.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const tenantId = event.params.id;
  const path = `/api/v1/tenants/${encodeURIComponent(tenantId)}`;
  const { session } = await event.parent();
  const [tenant, end, suspensions, addresses, rotations, changes, runs] = await Promise.all([
    read<TenantDetail>(event, path),
    read<TenantEnd>(event, `${path}/offboarding`),
    read<TenantSuspensions>(event, `${path}/suspension`),
    read<TenantAddresses>(event, `${path}/addresses`),
    read<SecretRotations>(event, `${path}/secret-rotations`),
    read<OwnershipChanges>(event, `${path}/ownership-changes`),
    session.permissions.includes('runs:read')
      ? read<RunPage>(event, `/api/v1/runs${query({ tenantId, limit: 20 })}`)
      : { items: [] },
  ]);
  return { tenant, end, suspensions, addresses, rotations, changes, runs: runs.items };
};
