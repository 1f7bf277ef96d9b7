import { LicenseHeartbeat, LicenseUseRef } from '#contracts/licenses/uses.ts';
import { heartbeat } from '#domain/licenses/using/uses.ts';
import { defineRoute } from '../../route.ts';

export const heartbeatLicense = defineRoute({
  method: 'post',
  path: '/api/v1/licenses/heartbeat',
  summary: 'Keep a seat or a machine that is checked out',
  permission: 'licenses:use',
  scope: 'reach',
  body: LicenseUseRef,
  success: { status: 200, body: LicenseHeartbeat },
  errors: ['license_use_over'],
  handle: ({ body, reach }, { em }) => heartbeat(em, body.useId, reach, new Date()),
});
