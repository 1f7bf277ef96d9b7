import { draftOf, from, notInPractice } from './draft.ts';

/** The keys of the platform that sign: the audit's at once, a product's licences after the new key was published. */
export const rotateSigningKeys = draftOf({
  title: 'Rotate the signing keys',
  summary:
    'The audit is signed by a new key, over which the old one signed last; the licences of a product get a next key, which is published now and signs later. What was signed stays good. For a key that leaked it is the wrong one: declare it compromised on the page of the licence keys, and reissue.',
  exclusive: 'runbook',
  inputs: [
    { name: 'product', title: 'Product whose licences are signed', type: 'text' },
    {
      ...{ name: 'publish-seconds', title: 'Seconds for which the next key is published before it signs' },
      ...{ type: 'number', default: 7 * 86_400, help: 'As long as whoever verifies needs to take it' },
    },
  ],
  steps: [
    {
      ...{ kind: 'sql', id: 'product', title: 'There is such a product', budgetSeconds: 5 },
      query: 'select name from license_products where name = $1::text',
      params: [from('inputs.product')],
      expect: { rows: { atLeast: 1 } },
    },
    { kind: 'action', id: 'audit', title: 'Sign the audit by a new key', action: 'audit-key.rotate', budgetSeconds: 5 },
    {
      ...{ kind: 'action', id: 'license', title: 'Publish the next key for licences', action: 'license-key.rotate' },
      params: { product: from('inputs.product'), publishSeconds: from('inputs.publish-seconds') },
      budgetSeconds: 5,
    },
    {
      ...{ kind: 'sql', id: 'published', title: 'It is among the published keys', budgetSeconds: 5 },
      query: 'select kid from license_keys where kid = $1::text and retired_at is null and compromised_at is null',
      params: [from('steps.license.to')],
      expect: { rows: { atLeast: 1 } },
    },
    {
      ...{ kind: 'manual', id: 'ship', title: 'Ship the public key with the product', role: 'Release manager' },
      instructions:
        'Build the key **{{steps.license.to}}** into the product beside the present one, and release it before {{steps.license.signsFrom}}. Leave the old key in for as long as files that it signed are in use.',
      message:
        'From {{steps.license.signsFrom}} on, licences of {{inputs.product}} are signed by the key {{steps.license.to}}. Please update before.',
      ...notInPractice,
    },
    {
      ...{ kind: 'sql', id: 'signs', title: 'It signs', budgetSeconds: 5 },
      instructions: 'Try it again after {{steps.license.signsFrom}}: until then the old key signs.',
      query: `select kid from license_keys where product = $1::text and retired_at is null and signs_from <= now()
              order by signs_from desc limit 1`,
      params: [from('inputs.product')],
      expect: { first: { kid: from('steps.license.to') } },
    },
  ],
});
