import { RecoveryState } from '#contracts/recovery/recoveries.ts';
import { readRecoveryState as read } from '#domain/physical/recoveries/viewRecoveries.ts';
import { defineRoute } from '../../route.ts';

export const readRecoveryState = defineRoute({
  method: 'get',
  path: '/api/v1/platform/recovery',
  summary: 'Tell from when to when any second of the whole server can be brought back, and what was',
  permission: 'backups:read',
  success: { status: 200, body: RecoveryState },
  errors: [],
  handle: (_input, { em, platform }) => read(em, platform.configuration),
});
