import assert from 'node:assert/strict';
import { createVerifier as createForBrowsers } from '#packages/license/src/browser.ts';
import { createVerifier, LicenseError, writeLicense } from '#packages/license/src/index.ts';
import {
  claimsWith,
  file,
  licenseId,
  list,
  nextKey,
  stranger,
  tenant,
  vendor,
} from '#packages/license/vectors/issuer.ts';

const june = Date.parse('2026-06-15T12:00:00Z');
const revoked = [{ id: licenseId, serial: null, at: '2026-05-01T00:00:00Z', reason: 'lost' }];

describe('a verifier', () => {
  it('sees the time pass over a file that it knows', async () => {
    let now = june;
    const verifier = createVerifier({ product: 'atlas', keys: [vendor.jwk], clock: () => now });
    const text = await file();
    const states = ['2026-06-15T12:00:00Z', '2027-01-01T00:00:00Z', '2027-01-15T00:00:00Z'].map((date) => {
      now = Date.parse(date);
      return verifier.verify(text).state;
    });
    assert.deepEqual(states, ['valid', 'grace', 'expired']);
  });

  it('gives out claims that nobody can change for the next', async () => {
    const verifier = createVerifier({ product: 'atlas', keys: [vendor.jwk], clock: () => june });
    const text = await file();
    const { license } = verifier.verify(text);
    assert.throws(() => (license!.seats.limit = 1_000_000), TypeError);
    assert.throws(() => Object.assign(license!.entitlements, { more: { flag: true } }), TypeError);
    assert.equal(verifier.verify(text, { usage: { seats: 21 } }).state, 'seats_exceeded');
  });

  it('forgets what was asked for longest ago, and what was never good', async () => {
    const verifier = createVerifier({ product: null, keys: [vendor.jwk], clock: () => june, cacheSize: 2 });
    const texts = await Promise.all([1, 2, 3].map((serial) => file({ serial })));
    for (const text of [...texts, ...texts, 'nonsense', ...texts])
      assert.equal(verifier.verify(text).state, text === 'nonsense' ? 'malformed' : 'valid');
    const first = verifier.verify(texts[2]!).license;
    assert.equal(verifier.verify(texts[2]!).license, first, 'the same object: it was remembered');
    verifier.verify(texts[0]!);
    verifier.verify(texts[1]!);
    assert.notEqual(verifier.verify(texts[2]!).license, first);
  });

  it('opens a file that it knows for nobody without its key', async () => {
    const verifier = createVerifier({ product: 'atlas', keys: [vendor.jwk], clock: () => june });
    const licenseKey = '00000-00000-00000-00000-00001';
    const text = await writeLicense({ claims: claimsWith(), sign: vendor.sign, encryptFor: licenseKey });
    assert.equal(verifier.verify(text, { licenseKey }).state, 'valid');
    assert.equal(verifier.verify(text, { licenseKey: licenseKey.replaceAll('-', '') }).state, 'valid');
    assert.equal(verifier.verify(text).state, 'locked');
    assert.notEqual(text, await writeLicense({ claims: claimsWith(), sign: vendor.sign, encryptFor: licenseKey }));
  });

  for (const [where, create] of [
    ['in Node', createVerifier],
    ['by WebCrypto', createForBrowsers],
  ] as const)
    it(`takes revocation lists forward only, ${where}`, async () => {
      const verifier = create({ product: 'atlas', keys: [vendor.jwk, nextKey.jwk], clock: () => june });
      const [seven, eight, other] = [await list(), await list({ number: 8, revoked }), await list({ revoked })];
      const state = async (text: string) => (await verifier.updateRevocations(text)).state;
      assert.deepEqual(await verifier.updateRevocations('nonsense'), {
        state: 'malformed',
        reason: 'This is no file of this kind.',
        number: null,
      });
      assert.equal(await state(seven), 'accepted');
      assert.equal(await state(seven), 'accepted', 'the same once more');
      assert.equal(await state(other), 'older_than_seen', 'another of the same number');
      assert.equal((await verifier.verifyAsync(await file())).state, 'valid');
      assert.equal(await state(eight), 'accepted');
      assert.equal(await state(seven), 'older_than_seen');
      assert.equal(await state(await list({ number: 9 }, stranger)), 'unknown_kid');
      assert.equal(await state(await list({ number: 9, product: 'zephyr' })), 'wrong_product');
      assert.equal((await verifier.verifyAsync(await file())).state, 'revoked');
    });

  it('remembers through restarts that the clock, the serial and the list went on', async () => {
    let now = june;
    const seenSecret = new Uint8Array(32).fill(7);
    const start = (revocations?: string) =>
      createVerifier({ product: 'atlas', keys: [vendor.jwk], clock: () => now, seenSecret, revocations });
    const first = start(await list({ number: 8 }));
    const kept = first.remember(first.verify(await file({ serial: 4 })).license!);
    now -= 86_400_000;
    const second = start(await list({ number: 8 }));
    assert.equal(second.verify(await file({ serial: 4 }), { lastSeen: kept }).state, 'clock_rolled_back');
    const later = second.remember({ id: licenseId, serial: 3 }, kept);
    assert.equal(later, kept, 'nothing of it goes back');
    now = june + 1000;
    assert.equal(second.verify(await file({ serial: 3 }), { lastSeen: later }).state, 'older_than_seen');
    assert.equal(start(await list()).verify(await file({ serial: 4 }), { lastSeen: later }).state, 'older_than_seen');
    assert.equal(second.verify(await file({ serial: 4 }), { lastSeen: later }).state, 'valid');
    assert.throws(() => second.remember({ id: licenseId, serial: 4 }, kept.replace('4', '5')), {
      code: 'seen_tampered',
    });
  });

  it('takes pinned keys as JWK, as bytes and as base64url', async () => {
    const raw = Buffer.from(vendor.jwk.x, 'base64url');
    for (const key of [vendor.jwk, raw, new Uint8Array(raw), vendor.jwk.x]) {
      const options = { product: 'atlas', keys: [key], clock: () => june };
      assert.equal(createVerifier(options).verify(await file()).state, 'valid');
      assert.equal((await createForBrowsers(options).verifyAsync(await file())).state, 'valid');
    }
    for (const key of ['no key', { ...vendor.jwk, crv: 'X25519' as 'Ed25519' }])
      assert.throws(() => createVerifier({ product: 'atlas', keys: [key] }), LicenseError);
  });

  it('does not guess when the clock gives nothing', async () => {
    const text = await file();
    const verifier = createVerifier({ product: 'atlas', keys: [vendor.jwk], clock: () => Number.NaN });
    assert.throws(() => verifier.verify(text), { code: 'malformed' });
  });
});

describe('a writer of licences', () => {
  const sign = vendor.sign;

  it('writes nothing that no verifier would take', async () => {
    for (const [changes, code] of [
      [{ serial: 0 }, 'malformed'],
      [{ expiresAt: '2300-01-01T00:00:00Z' }, 'too_far'],
      [{ issuedAt: '2026-01-01T00:00:00.000Z' }, 'malformed'],
      [{ kid: 'short' }, 'malformed'],
      [{ tenant: tenant.toUpperCase() }, 'malformed'],
      [
        { entitlements: Object.fromEntries(Array.from({ length: 9_000 }, (_, at) => [`e${at}`, { flag: true }])) },
        'too_large',
      ],
    ] as const)
      await assert.rejects(writeLicense({ claims: claimsWith(changes), sign }), { name: 'LicenseError', code });
    await assert.rejects(writeLicense({ claims: claimsWith(), sign: () => new Uint8Array(63) }), { code: 'malformed' });
    await assert.rejects(writeLicense({ claims: claimsWith(), sign, encryptFor: 'no key' }), { code: 'malformed' });
  });

  it('leaves out what is undefined, and writes members in any order the same', async () => {
    const { plan, ...rest } = claimsWith();
    assert.equal(await writeLicense({ claims: { ...rest, plan }, sign }), await file());
  });
});
