import { anotherAgrees, draftOf, from, notInPractice } from './draft.ts';

/** What a tenant has is replaced by a backup that was proven right before. */
export const restoreTenant = draftOf({
  title: 'Restore a tenant',
  summary:
    'A tenant lost data, or has data that must not be there: everything it has is replaced by a backup. What it has now is backed up first, and can be brought back for seven days. In practice the backup is restored into a throw-away database and proven; the tenant is not touched.',
  budgetSeconds: 4 * 3_600,
  inputs: [
    { name: 'tenant', title: 'Tenant', type: 'tenant' },
    {
      ...{ name: 'backup', title: 'Backup', type: 'text', required: false },
      help: 'Its id, from the page of the backups of the tenant. Empty: the newest',
    },
  ],
  steps: [
    {
      ...{ kind: 'sql', id: 'find', title: 'Find the backup', budgetSeconds: 5, skippable: false },
      query: `select id, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at from backups
              where tenant_id = $1::uuid and state = 'kept' and ($2::uuid is null or id = $2::uuid) order by backups.at desc limit 1`,
      params: [from('inputs.tenant'), from('inputs.backup')],
      expect: { rows: { atLeast: 1 } },
      tells: ['id', 'at'],
    },
    {
      ...{ kind: 'workflow', id: 'prove', title: 'Prove it in a throw-away database', workflow: 'drillTenant' },
      params: { tenantId: from('inputs.tenant'), backupId: from('steps.find.id') },
    },
    anotherAgrees(
      'Another person agrees',
      'Everything the tenant changed since **{{steps.find.at}}** is going to be replaced.',
    ),
    {
      ...{ kind: 'workflow', id: 'restore', title: 'Restore it in place', workflow: 'restoreTenant' },
      params: { tenantId: from('inputs.tenant'), backupId: from('steps.find.id') },
      ...notInPractice,
      undo: {
        kind: 'manual',
        instructions:
          'What the tenant had before is kept for seven days: take back the run {{steps.restore.runId}} on its page, if that is wanted.',
      },
    },
    {
      ...{ kind: 'sql', id: 'open', title: 'Its doors are open', budgetSeconds: 5 },
      query: 'select state from tenants where id = $1::uuid',
      params: [from('inputs.tenant')],
      expect: { first: { state: 'active' } },
    },
    {
      ...{ kind: 'manual', id: 'ask', title: 'Have the tenant look at its data', role: 'Customer support' },
      instructions: 'Ask somebody who knows the data. Say that it failed if what was lost is not there.',
      message:
        'Your data is again what it was at {{steps.find.at}}. Please look whether what you missed is there. What was entered after that moment is kept by us for seven days.',
      ...notInPractice,
    },
  ],
});
