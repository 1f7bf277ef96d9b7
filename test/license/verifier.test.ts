import assert from 'node:assert/strict';
import { createVerifier as createForBrowsers } from '#packages/license/src/browser.ts';
import { createVerifier, LicenseError, parseLicenseKey } from '#packages/license/src/index.ts';
import { written } from '#packages/license/vectors/generate.ts';
import { readFileSync } from 'node:fs';
import { place } from '#packages/license/vectors/generate.ts';
import { givenTo, textOf, told, vectors } from './vectors.ts';

describe('the vectors of licence files', () => {
  it('are what their program writes', async () => {
    assert.equal(
      await written(),
      readFileSync(place, 'utf8'),
      'node packages/license/vectors/generate.ts writes them anew',
    );
    assert.ok(vectors.cases.length >= 40);
    assert.equal(new Set(vectors.cases.map(({ name }) => name)).size, vectors.cases.length);
  });

  for (const one of vectors.cases) {
    it(`in Node: ${one.name}`, () => {
      const { options, asked } = givenTo(one.given);
      if ('error' in one.expect) {
        assert.throws(() => createVerifier(options), { name: 'LicenseError', code: one.expect.error });
        return;
      }
      const verifier = createVerifier(options);
      const verdict = verifier.verify(textOf(one), asked);
      assert.deepEqual(told(verdict), one.expect, verdict.reason);
      assert.deepEqual(verifier.verify(textOf(one), asked), verdict, 'the second time');
    });

    it(`by WebCrypto: ${one.name}`, async () => {
      const { options, asked } = givenTo(one.given);
      if ('error' in one.expect) {
        const { error } = one.expect;
        await assert.rejects(
          async () => createForBrowsers(options).verifyAsync(textOf(one), asked),
          (thrown) => thrown instanceof LicenseError && thrown.code === error,
        );
        return;
      }
      const verifier = createForBrowsers(options);
      const verdict = await verifier.verifyAsync(textOf(one), asked);
      assert.deepEqual(told(verdict), one.expect, verdict.reason);
      assert.deepEqual(await verifier.verifyAsync(textOf(one), asked), verdict, 'the second time');
    });
  }

  for (const { typed, read } of vectors.licenseKeys)
    it(`read the licence key “${typed}”`, () => assert.deepEqual(parseLicenseKey(typed), read));

  for (const { text, ...record } of vectors.records)
    it(`remember list ${record.number}`, async () => {
      const [base] = vectors.cases.filter(({ name }) => name === 'used before');
      const { options } = givenTo({ ...base!.given, now: record.at });
      const license = { id: record.license, serial: record.serial };
      const before = record.number > 0 ? text : null;
      assert.equal(createVerifier(options).remember(license, before), text);
      assert.equal(await createForBrowsers(options).remember(license, before), text);
    });
});
