import type { DriftPage } from '#contracts/findings/drift.ts';
import type { TenantSuspensions } from '#contracts/life/suspension.ts';
import type { BillingAccount } from '#contracts/licenses/billing.ts';
import type { LicensePage } from '#contracts/licenses/licenses.ts';
import type { Onboarding } from '#contracts/onboarding/onboarding.ts';
import type { AdminInvitation } from '#contracts/portal/adminInvitation.ts';
import type { RunPage } from '#contracts/runs.ts';
import type { SupportAccessPage } from '#contracts/support/supportAccess.ts';
import type { Plan, TenantDetail } from '#contracts/tenants.ts';
import { query, read, readIfThere } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const tenantId = event.params.id;
  const { session } = await event.parent();
  const [tenant, suspensions, runs, plans, drift, support, onboarding, invitation, licenses, billing] =
    await Promise.all([
      read<TenantDetail>(event, `/api/v1/tenants/${encodeURIComponent(tenantId)}`),
      read<TenantSuspensions>(event, `/api/v1/tenants/${encodeURIComponent(tenantId)}/suspension`),
      session.permissions.includes('runs:read')
        ? read<RunPage>(event, `/api/v1/runs${query({ tenantId, limit: 20 })}`)
        : { items: [] },
      session.permissions.includes('plans:read') ? read<{ items: Plan[] }>(event, '/api/v1/plans') : { items: [] },
      session.permissions.includes('drift:read')
        ? read<DriftPage>(event, `/api/v1/drift/findings${query({ tenantId, limit: 1 })}`)
        : null,
      session.permissions.includes('support:read')
        ? read<SupportAccessPage>(event, `/api/v1/support-accesses${query({ tenantId, limit: 5 })}`)
        : null,
      session.permissions.includes('onboarding:read')
        ? readIfThere<Onboarding>(event, `/api/v1/tenants/${encodeURIComponent(tenantId)}/onboarding`)
        : null,
      readIfThere<AdminInvitation>(event, `/api/v1/tenants/${encodeURIComponent(tenantId)}/admin-invitation`),
      session.permissions.includes('licenses:read')
        ? read<LicensePage>(event, `/api/v1/licenses${query({ tenantId, limit: 5 })}`)
        : null,
      session.permissions.includes('billing:read')
        ? readIfThere<BillingAccount>(event, `/api/v1/tenants/${encodeURIComponent(tenantId)}/billing`)
        : null,
    ]);
  return {
    tenant,
    runs: runs.items,
    plans: plans.items,
    plan: plans.items.find(({ name }) => name === tenant.plan) ?? null,
    suspension: suspensions.current,
    support,
    onboarding,
    invitation,
    licenses,
    billing,
    openFindings: drift?.openCount ?? 0,
  };
};
