import { LegalHolds, NewLegalHold } from '#contracts/offboarding/offboarding.ts';
import { listLegalHolds, setLegalHold } from '#domain/offboarding/legalHolds.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const holdTenantErasure = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/legal-holds',
  summary: 'Forbid that a tenant is erased, until that is lifted',
  permission: 'tenants:hold',
  scope: 'tenant',
  params: TenantParams,
  body: NewLegalHold,
  success: { status: 201, body: LegalHolds },
  errors: ['not_found', 'tenant_erased', 'legal_hold_open'],
  async handle({ params, body, actor }, { em, platform }) {
    const { tenantKeys } = platform;
    await tenantKeys.find(params.tenantId); // inside the transaction it would want a second connection
    await em.transactional((tx) => setLegalHold(tx, tenantKeys, params.tenantId, body.reason, actor));
    return { items: await listLegalHolds(em, tenantKeys, params.tenantId) };
  },
});
