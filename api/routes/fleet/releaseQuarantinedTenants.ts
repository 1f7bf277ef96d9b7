import { Quarantined } from '#contracts/fleet/migrations.ts';
import { releaseQuarantined } from '#domain/fleet/quarantine.ts';
import { defineRoute } from '../../route.ts';

export const releaseQuarantinedTenants = defineRoute({
  method: 'post',
  path: '/api/v1/fleet/quarantine/release',
  summary: 'Let tenants out of quarantine, for the next fleet migration',
  permission: 'tenants:migrate',
  body: Quarantined,
  success: { status: 204 },
  errors: ['tenant_not_quarantined'],
  async handle({ body, actor }, { em }) {
    await em.transactional((tx) => releaseQuarantined(tx, body.tenantIds, actor));
  },
});
