import { BackupPolicyList } from '#contracts/backups/policies.ts';
import { listPolicies } from '#domain/backups/policies/viewPolicies.ts';
import { defineRoute } from '../../route.ts';

export const listBackupPolicies = defineRoute({
  method: 'get',
  path: '/api/v1/backup-policies',
  summary: "List what each plan promises of its tenants' backups",
  permission: 'backups:read',
  scope: 'anywhere',
  success: { status: 200, body: BackupPolicyList },
  errors: [],
  handle: async (_input, { em }) => ({ items: await listPolicies(em) }),
});
