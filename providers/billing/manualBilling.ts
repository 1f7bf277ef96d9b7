import type { BillingProvider } from './billingProvider.ts';

/** Money comes by transfer or on invoice, and an operator says so: what was said is told with the payment. */
export const manualBilling = (): BillingProvider => ({
  kind: 'manual',
  async authorise({ settledAs }) {
    if (settledAs === 'paid') return { state: 'authorised', ref: null };
    if (settledAs === 'declined') return { state: 'declined', ref: null, code: 'declined_by_hand' };
    return { state: 'waiting', ref: null };
  },
  capture: async () => ({ state: 'captured', ref: null }),
  // What has come stays: a renewal that is marked as paid is carried out. Nothing is held before.
  void: async () => ({ state: 'voided', ref: null }),
});
