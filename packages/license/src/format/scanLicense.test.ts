import assert from 'node:assert/strict';
import { claimsWith, machine } from '../../vectors/issuer.ts';
import type { LicenseClaims } from '../claims.ts';
import { canonicalJson, readCanonical } from './canonicalJson.ts';
import { readLicenseClaims } from './readClaims.ts';
import { scanLicense } from './scanLicense.ts';

const outcome = (read: () => unknown): unknown => {
  try {
    return JSON.stringify(read());
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const longWay = (text: string) => outcome(() => readCanonical(text, readLicenseClaims));
const shortWay = (text: string) => {
  const scanned = scanLicense(text);
  return scanned === null ? null : outcome(() => readLicenseClaims(scanned));
};

const samples: Partial<LicenseClaims>[] = [
  {},
  { expiresAt: null, machines: { limit: 1, binding: [machine, machine] }, connectivity: { days: 30 } },
  { machines: { limit: null, binding: [] }, entitlements: {}, seats: { limit: null, overage: 'soft', soft: 3 } },
  { entitlements: { a: { number: -1.5e-9 }, b: { meter: { limit: null, per: 'term' } }, c: { flag: false } } },
];

describe('the short way to read a licence', () => {
  it('reads what a writer writes as the long way does', () => {
    for (const changes of samples) {
      const text = canonicalJson(claimsWith(changes));
      assert.notEqual(scanLicense(text), null);
      assert.deepEqual(scanLicense(text), JSON.parse(text));
      assert.equal(shortWay(text), longWay(text));
    }
  });

  it('leaves texts with escapes to the long way', () => {
    assert.equal(scanLicense(canonicalJson(claimsWith({ plan: 'a "b"' }))), null);
  });

  it('takes nothing that the long way refuses, whatever one character becomes', function () {
    this.timeout(60_000);
    let taken = 0;
    for (const changes of samples) {
      const text = canonicalJson(claimsWith(changes));
      for (let at = changes === samples[0] ? 0 : 1; at < text.length; at += changes === samples[0] ? 1 : 4)
        for (const other of ['', '0', '"', '\\', '}', ' ', ',', '-', 'e', '\n', text[at]! + text[at]!]) {
          const changed = text.slice(0, at) + other + text.slice(at + 1);
          const short = shortWay(changed);
          if (short === null) continue;
          taken += 1;
          const long = longWay(changed);
          // Refusals may have another name: what is no JSON at all was signed as it is.
          if (short !== long)
            assert.ok(typeof short === 'string' && !short.startsWith('{') && !String(long).startsWith('{'), changed);
        }
    }
    assert.ok(taken > 100);
  });
});
