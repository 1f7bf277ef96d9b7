import { draftOf, from, notInPractice } from './draft.ts';

/** A new customer, up to the first backup that is proven. */
export const onboardTenant = draftOf({
  title: 'Onboard a tenant',
  summary:
    'A new customer gets a tenant, which is backed up, and whose backup is proven, before anybody enters data. In practice nothing is made: plan and address are looked at.',
  budgetSeconds: 7 * 86_400,
  inputs: [
    { name: 'name', title: 'Name of the customer', type: 'text' },
    { name: 'address', title: 'Address', type: 'text', required: false, help: 'Empty: made of the name' },
    { name: 'plan', title: 'Plan', type: 'text', required: false, help: 'Empty: the default' },
  ],
  steps: [
    {
      ...{ kind: 'sql', id: 'plan', title: 'There is such a plan', budgetSeconds: 5 },
      query: 'select count(*)::int as plans from plans where $1::text is null or name = $1::text',
      params: [from('inputs.plan')],
      expect: { rows: { atLeast: 1 } },
      tells: ['plans'],
    },
    {
      ...{ kind: 'sql', id: 'free', title: 'The address is free', budgetSeconds: 5 },
      query: `select slug from tenant_addresses where slug = $1::text and state <> 'released' limit 1`,
      params: [from('inputs.address')],
      expect: { rows: { atMost: 0 } },
    },
    {
      ...{ kind: 'workflow', id: 'make', title: 'Make the tenant', workflow: 'createTenant', budgetSeconds: 300 },
      params: { name: from('inputs.name'), slug: from('inputs.address'), plan: from('inputs.plan') },
      ...notInPractice,
      undo: {
        kind: 'manual',
        instructions: 'Remove the tenant {{steps.make.slug}} from the danger zone of its page, unless it is to stay.',
      },
    },
    {
      ...{ kind: 'sql', id: 'open', title: 'Its doors are open', budgetSeconds: 5, ...notInPractice },
      query: 'select state from tenants where id = $1::uuid',
      params: [from('steps.make.tenantId')],
      expect: { first: { state: 'active' } },
    },
    {
      ...{ kind: 'workflow', id: 'back-up', title: 'Back it up', workflow: 'backupTenant', ...notInPractice },
      params: { tenantId: from('steps.make.tenantId') },
    },
    {
      ...{ kind: 'workflow', id: 'prove', title: 'Prove the backup', workflow: 'drillTenant', ...notInPractice },
      params: { tenantId: from('steps.make.tenantId') },
    },
    {
      ...{ kind: 'manual', id: 'welcome', title: 'Welcome the customer', role: 'Customer success', ...notInPractice },
      instructions:
        'What its plan asks of the customer is on the page of its onboarding, which sends reminders by itself. Call whoever is named there.',
      message:
        'Welcome! **{{inputs.name}}** is ready under the address "{{steps.make.slug}}". The invitation came by mail; the first page after it tells what is still to be done.',
      asks: [{ name: 'signed-in', title: 'Somebody of the customer has signed in', type: 'boolean' }],
    },
  ],
});
