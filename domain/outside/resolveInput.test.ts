import assert from 'node:assert/strict';
import { resolveInput, type Known } from './resolveInput.ts';

describe("a step's input", () => {
  const known: Known = {
    tenant: { id: 't1', slug: 'abo', plan: 'standard', region: 'default' },
    outputs: new Map([['account', { id: 'crm-7', limits: { seats: 3 } }]]),
  };
  const missing = (reference: string): never => {
    throw new Error(`nothing at ${reference}`);
  };

  it('gets what its references stand for, at any depth', () => {
    const input = {
      of: { $tenant: 'slug' },
      accounts: [{ $from: 'steps.account.id' }, { limits: { $from: 'steps.account.limits' } }],
      as: ['it', 'is', 1, null, true, {}],
    };
    assert.deepEqual(resolveInput(input, known, missing), {
      of: 'abo',
      accounts: ['crm-7', { limits: { seats: 3 } }],
      as: ['it', 'is', 1, null, true, {}],
    });
    assert.deepEqual(resolveInput(undefined, known, missing), undefined);
  });

  it('does not come to be when a reference leads to nothing', () => {
    for (const $from of ['steps.account.name', 'steps.other.id', 'steps.account.constructor', 'nonsense'])
      assert.throws(() => resolveInput({ $from }, known, missing), new Error(`nothing at ${$from}`));
  });
});
