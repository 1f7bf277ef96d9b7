import { BackupPause, BackupPolicy } from '#contracts/backups/policies.ts';
import { pausePolicy } from '#domain/backups/policies/changePolicy.ts';
import { defineRoute } from '../../route.ts';
import { PlanParams } from './planParams.ts';

export const pausePlanBackups = defineRoute({
  method: 'post',
  path: '/api/v1/plans/{plan}/backups/pause',
  summary: "Pause the backups of a plan's tenants",
  permission: 'backups:manage',
  params: PlanParams,
  body: BackupPause,
  success: { status: 200, body: BackupPolicy },
  errors: ['not_found'],
  handle: ({ params, body, actor }, { em }) =>
    em.transactional((tx) => pausePolicy(tx, params.plan, body.reason, actor)),
});
