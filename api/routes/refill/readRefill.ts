import { RefillAnswer } from '#contracts/backups/refills.ts';
import { viewRefill } from '#domain/backups/refilling/viewRefill.ts';
import { defineRoute } from '../../route.ts';

export const readRefill = defineRoute({
  method: 'get',
  path: '/api/v1/platform/refill',
  summary: 'Read which tenants were filled again after a loss, and which could not be',
  permission: 'platform:recover',
  success: { status: 200, body: RefillAnswer },
  errors: [],
  handle: (_input, { em }) => viewRefill(em),
});
