import { PortalLicenses } from '#contracts/portal/licenses.ts';
import { viewPortalLicenses } from '#domain/licenses/viewing/viewPortalLicenses.ts';
import { PortalParams } from '../../portals/atPortal.ts';
import { defineRoute } from '../../route.ts';

export const listPortalLicenses = defineRoute({
  method: 'get',
  path: '/api/v1/portals/{slug}/licenses',
  summary: 'Which licences this tenant has, and how much of them is in use',
  permission: 'portal',
  portal: 'licenses:read',
  params: PortalParams,
  success: { status: 200, body: PortalLicenses },
  errors: [],
  handle: (_input, { em, door }) => viewPortalLicenses(em, door.tenantId, new Date()),
});
