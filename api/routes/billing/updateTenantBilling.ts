import { BillingAccount, BillingAccountChange } from '#contracts/licenses/billing.ts';
import { changeBilling } from '#domain/billing/accounts.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const updateTenantBilling = defineRoute({
  method: 'patch',
  path: '/api/v1/tenants/{tenantId}/billing',
  summary: 'Change how a tenant pays, from the next payment on',
  permission: 'billing:manage',
  scope: 'tenant',
  params: TenantParams,
  body: BillingAccountChange,
  idempotent: true,
  success: { status: 200, body: BillingAccount },
  errors: ['not_found', 'tenant_erased'],
  handle: ({ params: { tenantId }, body, actor }, { once }) => once((em) => changeBilling(em, tenantId, body, actor)),
});
