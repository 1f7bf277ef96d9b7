import { BackupPolicy } from '#contracts/backups/policies.ts';
import { resumePolicy } from '#domain/backups/policies/changePolicy.ts';
import { defineRoute } from '../../route.ts';
import { PlanParams } from './planParams.ts';

export const resumePlanBackups = defineRoute({
  method: 'post',
  path: '/api/v1/plans/{plan}/backups/resume',
  summary: "Let the backups of a plan's tenants go on",
  permission: 'backups:manage',
  params: PlanParams,
  success: { status: 200, body: BackupPolicy },
  errors: ['not_found'],
  handle: ({ params, actor }, { em }) => em.transactional((tx) => resumePolicy(tx, params.plan, actor)),
});
