import { Onboarding } from '#contracts/onboarding/onboarding.ts';
import { portalRoleMay } from '#contracts/portal/permissions.ts';
import { viewOnboarding } from '#domain/onboarding/viewOnboarding.ts';
import { PortalParams } from '../../portals/atPortal.ts';
import { defineRoute } from '../../route.ts';

export const readPortalOnboarding = defineRoute({
  method: 'get',
  path: '/api/v1/portals/{slug}/onboarding',
  summary: 'What is left to be set up',
  permission: 'portal',
  portal: 'onboarding:read',
  params: PortalParams,
  success: { status: 200, body: Onboarding },
  errors: ['not_found'],
  handle: ({ signedIn }, { em, platform, door }) =>
    viewOnboarding(em, platform.tenantKeys, door.tenantId, {
      as: 'tenant',
      // Without a role of the tenant's it is somebody of the platform who acts as its administrator.
      may: portalRoleMay(signedIn?.portalRole ?? 'tenant-admin', 'onboarding:complete'),
    }),
});
