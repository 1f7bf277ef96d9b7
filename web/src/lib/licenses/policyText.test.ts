import assert from 'node:assert/strict';
import type { LicensePolicyRules } from '#contracts/licenses/policies.ts';
import { diffPolicies, linesOfPolicy, periodText } from './policyText.ts';

/** Written out as the API tells it. */
const rules = (more: object = {}): LicensePolicyRules =>
  ({
    product: 'suite',
    term: { kind: 'term', period: 'P1Y' },
    trialDays: 0,
    renewal: { basis: 'from_expiry', mode: 'manual', daysBefore: 1 },
    graceDays: 0,
    connectivityDays: null,
    onExpiry: 'block',
    whileSuspended: 'silent',
    seats: { limit: null, overage: 'refuse', soft: 0, heartbeatSeconds: null },
    machines: { limit: null, heartbeatSeconds: null, unique: 'license' },
    meters: { overage: 'refuse' },
    transferable: false,
    reminders: { before: [30, 7], after: [] },
    entitlements: { sso: { flag: true } },
    ...more,
  }) as LicensePolicyRules;

describe('a policy in words', () => {
  it('tells periods as people do', () => {
    assert.equal(periodText('P1Y'), '1 year');
    assert.equal(periodText('P1Y6M0D'), '1 year 6 months');
    assert.equal(periodText('P2W'), '2 weeks');
    assert.equal(periodText('P90D'), '90 days');
  });

  it('tells every rule once, entitlements by name', () => {
    const lines = linesOfPolicy(
      rules({
        seats: { limit: 20, overage: 'soft', soft: 2, heartbeatSeconds: 300 },
        entitlements: { b: { number: 5 }, a: { flag: false } },
      }),
    );
    const byName = Object.fromEntries(lines.map(({ name, text }) => [name, text]));
    assert.equal(Object.keys(byName).length, lines.length);
    assert.equal(byName['Seats'], '20, 2 beyond, a heartbeat each 300 seconds');
    assert.equal(byName['Reminders'], '30, 7 days before');
    assert.deepEqual(
      lines.filter(({ name }) => name.startsWith('Entitlement')).map(({ name, text }) => `${name}: ${text}`),
      ['Entitlement a: no', 'Entitlement b: 5'],
    );
  });

  it('tells a rule that is newer than the page by its own name', () => {
    const newer = { ...rules(), somethingNew: 7 } as LicensePolicyRules;
    assert.ok(linesOfPolicy(newer).some(({ name, text }) => name === 'somethingNew' && text === '7'));
  });

  it('says of two versions what differs and nothing else', () => {
    const after = rules({ graceDays: 14, entitlements: { api: { meter: { limit: null, per: 'month' } } } });
    assert.deepEqual(diffPolicies(rules(), after), [
      { name: 'Grace', before: 'none', after: '14 days' },
      { name: 'Entitlement sso', before: 'yes', after: null },
      { name: 'Entitlement api', before: null, after: 'as much as they like a month' },
    ]);
    assert.deepEqual(diffPolicies(after, after), []);
  });
});
