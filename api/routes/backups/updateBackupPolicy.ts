import { BackupPolicy, BackupPolicyChange } from '#contracts/backups/policies.ts';
import { changePolicy } from '#domain/backups/policies/changePolicy.ts';
import { defineRoute } from '../../route.ts';
import { PlanParams } from './planParams.ts';

/** A window that is open goes on as it began. */
export const updateBackupPolicy = defineRoute({
  method: 'patch',
  path: '/api/v1/plans/{plan}/backups',
  summary: "Say what a plan promises of its tenants' backups",
  permission: 'backups:manage',
  params: PlanParams,
  body: BackupPolicyChange,
  success: { status: 200, body: BackupPolicy },
  errors: ['not_found', 'plan_moved'],
  handle: ({ params, body, actor }, { em }) => em.transactional((tx) => changePolicy(tx, params.plan, body, actor)),
});
