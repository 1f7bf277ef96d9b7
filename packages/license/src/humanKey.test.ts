import assert from 'node:assert/strict';
import { generateLicenseKey, parseLicenseKey } from './humanKey.ts';

const symbols = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const counting = (from: number) => (count: number) => Uint8Array.from({ length: count }, (_, at) => from + at * 7);

describe('a licence key for people', () => {
  it('is 25 symbols in five groups, and reads as itself', () => {
    const key = generateLicenseKey();
    assert.match(key, /^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$/);
    assert.deepEqual(parseLicenseKey(key), { ok: true, key, symbols: key.replaceAll('-', '') });
    assert.notEqual(generateLicenseKey(), key);
  });

  it('is read in small letters, with blanks, without dashes, and with letters that look like digits', () => {
    const key = generateLicenseKey(() => new Uint8Array(23));
    assert.match(key, /^00000-00000-00000-00000-000/);
    const { ok } = parseLicenseKey(key);
    assert.ok(ok);
    for (const typed of [
      key.toLowerCase(),
      ` ${key.replaceAll('-', ' ')}\n`,
      key.replaceAll('0', 'o'),
      key.replaceAll('-', '–'),
    ])
      assert.deepEqual(parseLicenseKey(typed), parseLicenseKey(key), typed);
    const ones = generateLicenseKey(() => new Uint8Array(23).fill(1));
    assert.equal(parseLicenseKey(ones.replace('1', 'l').replace('1', 'I')).ok, true);
  });

  it('shows any one wrong symbol', () => {
    for (const from of [0, 11, 90]) {
      const key = generateLicenseKey(counting(from)).replaceAll('-', '');
      for (let at = 0; at < 25; at += 1)
        for (const other of symbols)
          if (other !== key[at])
            assert.deepEqual(parseLicenseKey(key.slice(0, at) + other + key.slice(at + 1)), {
              ok: false,
              reason: 'checksum',
            });
    }
  });

  it('shows any two symbols that changed places', () => {
    for (const from of [0, 11, 90]) {
      const key = [...generateLicenseKey(counting(from)).replaceAll('-', '')];
      for (let one = 0; one < 25; one += 1)
        for (let other = one + 1; other < 25; other += 1) {
          if (key[one] === key[other]) continue;
          const swapped = key.with(one, key[other]!).with(other, key[one]!).join('');
          assert.deepEqual(parseLicenseKey(swapped), { ok: false, reason: 'checksum' }, swapped);
        }
    }
  });

  it('says what is wrong with what is none', () => {
    const key = generateLicenseKey(counting(3));
    assert.deepEqual(parseLicenseKey(''), { ok: false, reason: 'length' });
    assert.deepEqual(parseLicenseKey(key.slice(0, -1)), { ok: false, reason: 'length' });
    assert.deepEqual(parseLicenseKey(`${key}0`), { ok: false, reason: 'length' });
    assert.deepEqual(parseLicenseKey('0'.repeat(100_000)), { ok: false, reason: 'length' });
    assert.deepEqual(parseLicenseKey(`U${key.slice(1)}`), { ok: false, reason: 'symbol' });
    assert.throws(() => generateLicenseKey(() => new Uint8Array(3)), RangeError);
  });
});
