import { draftOf, from, notInPractice } from './draft.ts';

/** New secrets beside the old, which end after the overlap. */
export const rotateTenantSecrets = draftOf({
  title: 'Rotate the database password or signing key of a tenant',
  summary:
    'New secrets are made and tried; then both work for as long as the overlap lasts, in which the application takes the new ones; then the old ones end. In practice it is looked at whether it could begin now.',
  inputs: [
    { name: 'tenant', title: 'Tenant', type: 'tenant' },
    {
      ...{ name: 'what', title: 'Which secret', type: 'choice', choices: ['database', 'realm'], default: 'database' },
      help: 'database: the password of its login · realm: the key that its sign-in tokens are signed with',
    },
    {
      ...{ name: 'overlap-seconds', title: 'Seconds in which both work', type: 'number', default: 86_400 },
      help: 'At most three days here. 0 is for one that leaked: what still uses it stops',
    },
  ],
  steps: [
    {
      ...{ kind: 'sql', id: 'may-begin', title: 'It is active, and no other rotation is under way', budgetSeconds: 5 },
      query: `select t.state, exists (select 1 from secret_rotations r where r.tenant_id = t.id and r.state = 'open') as "isRotating",
                     exists (select 1 from resources r where r.tenant_id = t.id and r.state = 'present' and r.kind = $2::text) as "hasIt"
              from tenants t where t.id = $1::uuid`,
      params: [from('inputs.tenant'), from('inputs.what')],
      expect: { first: { state: 'active', isRotating: false, hasIt: true } },
    },
    {
      ...{ kind: 'parallel', id: 'overlap', title: 'Rotate with overlap' },
      steps: [
        {
          ...{ kind: 'workflow', id: 'rotate', title: 'New secrets beside the old, until those end' },
          ...{ workflow: 'rotateTenantSecrets', ...notInPractice },
          params: {
            tenantId: from('inputs.tenant'),
            kinds: [from('inputs.what')],
            overlapSeconds: from('inputs.overlap-seconds'),
          },
        },
        {
          ...{ kind: 'manual', id: 'take', title: 'Let the application take the new one', role: 'Application team' },
          instructions:
            'For a password: read the manifest of the tenant again, and restart what holds connections. For a signing key: nothing, where tokens are verified by the published keys. If it cannot be done in time, cancel the run of the rotation: the old secret stays.',
          ...notInPractice,
        },
      ],
    },
    {
      ...{ kind: 'sql', id: 'ended', title: 'The old one has ended', budgetSeconds: 5, ...notInPractice },
      query: 'select state from secret_rotations where run_id = $1::uuid',
      params: [from('steps.rotate.runId')],
      expect: { first: { state: 'done' } },
    },
  ],
});
