import { equal } from 'node:assert/strict';
import { stripeAmount } from './stripeAmount.ts';

describe('an amount for Stripe', () => {
  it('is in minor units, as Stripe counts them', () => {
    equal(stripeAmount(1234, 'EUR'), 1234);
    equal(stripeAmount(1234, 'JPY'), 1234);
    equal(stripeAmount(5, 'ISK'), 500);
    equal(stripeAmount(5, 'UGX'), 500);
    equal(stripeAmount(500, 'MGA'), 5);
    equal(stripeAmount(5120, 'KWD'), 5120);
  });

  it('is none where the currency has no such part there', () => {
    equal(stripeAmount(550, 'MGA'), null);
    equal(stripeAmount(5124, 'KWD'), null);
  });
});
