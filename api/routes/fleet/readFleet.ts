import { Fleet } from '#contracts/fleet/migrations.ts';
import { viewFleet } from '#domain/fleet/viewFleet.ts';
import { defineRoute } from '../../route.ts';

export const readFleet = defineRoute({
  method: 'get',
  path: '/api/v1/fleet',
  summary: 'Read which versions there are across all tenants',
  permission: 'runs:read',
  success: { status: 200, body: Fleet },
  errors: [],
  handle: (_input, { em }) => viewFleet(em),
});
