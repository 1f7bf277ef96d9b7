import { ExportLink } from '#contracts/offboarding/offboarding.ts';
import { exportUrlOf, makeExportLink } from '#domain/exports/exportLinks.ts';
import { defineRoute, TenantParams } from '../../route.ts';

export const renewExportLink = defineRoute({
  method: 'post',
  path: '/api/v1/tenants/{tenantId}/offboarding/link',
  summary: 'Make a new link to the export of a tenant; the former one ends',
  permission: 'tenants:offboard',
  scope: 'tenant',
  stepUp: true,
  params: TenantParams,
  success: { status: 201, body: ExportLink },
  errors: ['not_found', 'export_gone'],
  async handle({ params, actor }, { em, platform }) {
    const { token, expiresAt } = await em.transactional((tx) => makeExportLink(tx, params.tenantId, actor));
    return { url: exportUrlOf(platform.configuration.publicUrl, token), expiresAt };
  },
});
