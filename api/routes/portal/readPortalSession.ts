import { PortalSession } from '#contracts/portal/session.ts';
import { PortalParams } from '../../portals/atPortal.ts';
import { viewPortalSession } from '../../portals/viewPortalSession.ts';
import { defineRoute } from '../../route.ts';

export const readPortalSession = defineRoute({
  method: 'get',
  path: '/api/v1/portals/{slug}/session',
  summary: 'Who is at this portal: somebody of the tenant, or somebody of the platform who acts for it',
  permission: 'portal',
  portal: 'public',
  params: PortalParams,
  success: { status: 200, body: PortalSession },
  errors: ['not_found'],
  handle: async ({ signedIn }) => viewPortalSession(signedIn),
});
