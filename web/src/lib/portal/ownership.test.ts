import assert from 'node:assert/strict';
import { askedOf } from './ownership.ts';

const change = {
  state: 'asked',
  from: { email: 'vera@abo.example', name: null },
  to: { email: 'grace@abo.example', name: null },
  needsConfirmation: true,
  consentedAt: null,
  confirmedAt: null,
} as const;
const then = '2026-11-21T12:00:00Z';

describe('who has to answer a question of ownership', () => {
  it('is the new owner, and the present one where that is wanted', () => {
    assert.equal(askedOf(change, 'grace@abo.example'), 'new_owner');
    assert.equal(askedOf(change, 'vera@abo.example'), 'old_owner');
    assert.equal(askedOf({ ...change, needsConfirmation: false }, 'vera@abo.example'), null);
  });

  it('is nobody who has answered, nobody else, and nobody once it is over', () => {
    assert.equal(askedOf({ ...change, consentedAt: then }, 'grace@abo.example'), null);
    assert.equal(askedOf({ ...change, confirmedAt: then }, 'vera@abo.example'), null);
    assert.equal(askedOf(change, 'ada@abo.example'), null);
    assert.equal(askedOf(change, null), null);
    for (const state of ['done', 'declined', 'expired', 'withdrawn'] as const)
      assert.equal(askedOf({ ...change, state }, 'grace@abo.example'), null, state);
  });
});
