import { anotherAgrees, draftOf, from, notInPractice } from './draft.ts';

/** A customer leaves: up to the time in which it can be undone. The erasure and its certificate come by themselves. */
export const offboardTenant = draftOf({
  title: 'Offboard a tenant',
  summary:
    'A customer leaves with a copy of everything. The tenant is closed, its export is verified and handed over; then the time runs in which it can be undone, after which it is erased by itself, with a certificate. In practice the tenant is backed up, which reads everything that an export would hold, and nothing is closed.',
  budgetSeconds: 7 * 86_400,
  inputs: [
    { name: 'tenant', title: 'Tenant', type: 'tenant' },
    {
      ...{ name: 'grace-days', title: 'Days in which it can be undone', type: 'number', required: false },
      help: 'Empty: as its plan says',
    },
  ],
  steps: [
    {
      ...{ kind: 'sql', id: 'may-go', title: 'It is active, or suspended', budgetSeconds: 5 },
      query: `select state in ('active', 'suspended') as "canGo" from tenants where id = $1::uuid`,
      params: [from('inputs.tenant')],
      expect: { first: { canGo: true } },
    },
    {
      ...{ kind: 'manual', id: 'agree-with-customer', title: 'Confirm the end with the customer', ...notInPractice },
      role: 'Account manager',
      message:
        'As you asked, we close your tenant. You get a link to a copy of everything; from then on you can still change your mind until the days are over that we agreed upon. After that everything is erased, and you get a certificate of it.',
      asks: [{ name: 'confirmed-by', title: 'Role of who confirmed it (no name)', type: 'text' }],
    },
    anotherAgrees('Another person agrees', 'The tenant is closed at once, and erased when its days are over.'),
    {
      ...{ kind: 'workflow', id: 'leave', title: 'Close it, export everything, hand it over' },
      ...{ workflow: 'offboardTenant', skippable: false },
      params: { tenantId: from('inputs.tenant'), graceDays: from('inputs.grace-days') },
      practice: {
        instead: {
          ...{ kind: 'workflow', id: 'leave', title: 'Read everything that it has', workflow: 'backupTenant' },
          params: { tenantId: from('inputs.tenant') },
        },
      },
      undo: { kind: 'action', action: 'offboarding.take-back', params: { tenantId: from('inputs.tenant') } },
    },
    {
      ...{ kind: 'sql', id: 'closed', title: 'Its doors are closed', budgetSeconds: 5, ...notInPractice },
      query: `select state in ('offboarding', 'erased') as "isClosed" from tenants where id = $1::uuid`,
      params: [from('inputs.tenant')],
      expect: { first: { isClosed: true } },
    },
    {
      ...{ kind: 'manual', id: 'received', title: 'The customer has the copy', role: 'Account manager' },
      instructions:
        'Ask whether the copy could be fetched and opened. Say that it failed if the customer wants to stay: stopping here takes the offboarding back.',
      ...notInPractice,
    },
  ],
});
