import { BackupPolicy } from '#contracts/backups/policies.ts';
import { viewPolicy } from '#domain/backups/policies/viewPolicies.ts';
import { defineRoute } from '../../route.ts';
import { PlanParams } from './planParams.ts';

export const readBackupPolicy = defineRoute({
  method: 'get',
  path: '/api/v1/plans/{plan}/backups',
  summary: "Read what a plan promises of its tenants' backups",
  permission: 'backups:read',
  scope: 'anywhere',
  params: PlanParams,
  success: { status: 200, body: BackupPolicy },
  errors: ['not_found'],
  handle: ({ params }, { em }) => viewPolicy(em, params.plan),
});
