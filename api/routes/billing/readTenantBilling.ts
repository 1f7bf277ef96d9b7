import { BillingAccount } from '#contracts/licenses/billing.ts';
import { viewBilling } from '#domain/billing/accounts.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const readTenantBilling = defineRoute({
  method: 'get',
  path: '/api/v1/tenants/{tenantId}/billing',
  summary: 'How a tenant pays',
  permission: 'billing:read',
  scope: 'tenant',
  params: TenantParams,
  success: { status: 200, body: BillingAccount },
  errors: ['not_found'],
  handle: ({ params }, { em }) => viewBilling(em, params.tenantId),
});
