import { OwnershipChanges } from '#contracts/life/ownership.ts';
import { changesConcerning } from '#domain/ownership/viewOwnership.ts';
import { PortalParams } from '../../portals/atPortal.ts';
import { defineRoute } from '../../route.ts';

export const readPortalOwnership = defineRoute({
  method: 'get',
  path: '/api/v1/portals/{slug}/ownership',
  summary: 'The changes of the owner that concern who is signed in: all of them an administrator',
  permission: 'portal',
  portal: 'signed-in',
  params: PortalParams,
  success: { status: 200, body: OwnershipChanges },
  errors: [],
  handle: ({ signedIn }, { em, door, platform }) =>
    changesConcerning(em, platform.tenantKeys, door.tenantId, {
      userId: signedIn?.userId ?? '',
      isAdmin: signedIn?.portalRole === 'tenant-admin',
    }),
});
