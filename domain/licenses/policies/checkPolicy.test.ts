import { deepEqual } from 'node:assert/strict';
import { LicensePolicyDraft } from '#contracts/licenses/policies.ts';
import { checkPolicy } from './checkPolicy.ts';

const yearly = { product: 'suite', term: { kind: 'term', period: 'P1Y' } };
const perpetual = { product: 'suite', term: { kind: 'perpetual' } };
const check = (policy: object) => checkPolicy(LicensePolicyDraft.parse(policy));
const problemsOf = (policy: object): string[] =>
  check(policy).problems.map(({ path, message }) => `${path} ${message}`);

describe('a licence policy', () => {
  it('is sound with a product and a term, everything else written out', () => {
    const { rules, problems } = check(yearly);
    deepEqual(problems, []);
    deepEqual(rules, {
      ...yearly,
      trialDays: 0,
      renewal: { basis: 'from_expiry', mode: 'manual', daysBefore: 1 },
      graceDays: 0,
      connectivityDays: null,
      onExpiry: 'block',
      whileSuspended: 'silent',
      seats: { limit: null, overage: 'refuse', soft: 0, heartbeatSeconds: null },
      machines: { limit: null, heartbeatSeconds: null, unique: 'license' },
      transferable: false,
      entitlements: {},
      meters: { overage: 'refuse' },
      reminders: { before: [60, 30, 14, 7, 1], after: [1, 7] },
    });
    deepEqual(problemsOf(perpetual), []);
    deepEqual(check(perpetual).rules.reminders, { before: [], after: [] });
  });

  it('reminds within its term only', () => {
    deepEqual(check({ ...yearly, term: { kind: 'term', period: 'P1M' } }).rules.reminders.before, [14, 7, 1]);
    deepEqual(problemsOf({ ...yearly, term: { kind: 'term', period: 'P1M' }, reminders: { before: [28, 7] } }), [
      'reminders.before.0 must be less than the term: 28 days',
    ]);
    deepEqual(problemsOf({ ...yearly, reminders: { before: [7, 7], after: [7, 1] } }), [
      'reminders.before must be without repetition, the longest first',
      'reminders.after must be without repetition, the shortest first',
    ]);
  });

  it('opens a renewal that nobody asks for within its term only', () => {
    const daily = { ...yearly, term: { kind: 'term', period: 'P1D' } };
    deepEqual(problemsOf({ ...daily, reminders: { before: [] }, renewal: { mode: 'auto' } }), [
      'renewal.daysBefore must be less than the term: 1 days',
    ]);
    deepEqual(problemsOf({ ...daily, reminders: { before: [] }, renewal: { mode: 'auto', daysBefore: 0 } }), []);
    deepEqual(problemsOf({ ...yearly, renewal: { mode: 'approval', daysBefore: 364 } }), []);
  });

  it('tells everything that contradicts itself at once', () => {
    deepEqual(
      problemsOf({
        ...perpetual,
        graceDays: 3,
        renewal: { mode: 'auto' },
        reminders: { before: [7] },
        entitlements: { api: { meter: { limit: 5, per: 'term' } } },
        seats: { overage: 'soft' },
      }),
      [
        'renewal.mode must be manual: what is perpetual is not renewed',
        'graceDays must be 0: what is perpetual does not end',
        'reminders.before must be empty: what is perpetual does not end',
        'entitlements.api.meter.per must not be term: what is perpetual has none',
        'seats.limit is missing: a soft overage is beyond a limit',
      ],
    );
    deepEqual(problemsOf({ ...yearly, graceDays: 365, seats: { limit: 5, overage: 'soft' } }), [
      'graceDays must be less than the term: 365 days',
      'seats.soft must be at least 1 for a soft overage',
    ]);
    deepEqual(problemsOf({ ...yearly, seats: { limit: 5, soft: 1 } }), [
      'seats.soft must be 0 unless the overage is soft',
    ]);
  });
});
