import { Arrival } from '#contracts/backups/arrivals.ts';
import { askForTenant as ask } from '#domain/backups/arriving/arrivals.ts';
import { defineRoute } from '../../route.ts';

export const askForTenant = defineRoute({
  method: 'post',
  path: '/api/v1/arrivals',
  summary: 'Make a request by which another installation can hand a tenant over to this one',
  permission: 'backups:restore',
  stepUp: true,
  idempotent: true,
  success: { status: 201, body: Arrival },
  errors: [],
  handle: ({ actor }, { once, platform }) => once((em) => ask(em, platform.installation, actor)),
});
