import { ArrivalList } from '#contracts/backups/arrivals.ts';
import { listArrivals as list } from '#domain/backups/arriving/arrivals.ts';
import { defineRoute } from '../../route.ts';

export const listArrivals = defineRoute({
  method: 'get',
  path: '/api/v1/arrivals',
  summary: 'List the requests for tenants of other installations, and what came of them',
  permission: 'backups:restore',
  success: { status: 200, body: ArrivalList },
  errors: [],
  handle: async (_input, { em, platform }) => ({ items: await list(em, platform.installation) }),
});
