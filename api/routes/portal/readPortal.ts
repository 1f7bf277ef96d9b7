import { Portal } from '#contracts/tenants.ts';
import { issuerOf } from '#domain/realms.ts';
import { PortalParams } from '../../portals/atPortal.ts';
import { defineRoute } from '../../route.ts';

export const readPortal = defineRoute({
  method: 'get',
  path: '/api/v1/portals/{slug}',
  summary: "What everybody may know of an active tenant's front door",
  permission: 'portal',
  portal: 'public',
  params: PortalParams,
  success: { status: 200, body: Portal },
  errors: ['not_found'],
  async handle(_input, { door: { tenantId, name, slug }, platform }) {
    return { name, slug, issuer: issuerOf(platform.configuration.publicUrl, tenantId) };
  },
});
