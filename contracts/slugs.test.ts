import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deriveSlug, numberedSlug, reservedSlugs, slugIsValid, slugMaxLength } from './slugs.ts';

describe('the address of a tenant', () => {
  it('is valid for every real name, long, accented or short as it may be', () => {
    const csv = readFileSync(join(import.meta.dirname, '../local/demo/organisations.csv'), 'utf8');
    const names = csv.split('\n').slice(1).filter(Boolean);
    assert.ok(names.length >= 50);
    for (const name of names) assert.ok(slugIsValid(deriveSlug(name)), name);
  });

  for (const [name, slug] of [
    ['Université de Besançon', 'universite-de-besancon'],
    ["King's College", 'kings-college'],
    ['Straße & Søn', 'strasse-and-son'],
    ['Łódź', 'lodz'],
    ['ﬁnance', 'finance'],
    ['東京大学', 'tenant-1'],
    ['🙂', 'tenant-1'],
    ['X', 'tenant-x'],
    ['API', 'api-1'],
    ['  --weird--  ', 'weird'],
    ['a--b', 'a-b'],
  ] as const)
    it(`of “${name}” is ${slug}`, () => assert.equal(deriveSlug(name), slug));

  it('is cut at the end of a word, and stays valid with any number', () => {
    const long = deriveSlug('The Very Long Name of an Institute of Advanced Technology and Sciences');
    assert.ok(long.length <= slugMaxLength);
    assert.equal(long, 'the-very-long-name-of-an-institute-of');
    for (const number of [2, 10, 999, 1_000_000]) {
      const numbered = numberedSlug('x'.repeat(slugMaxLength), number);
      assert.ok(slugIsValid(numbered) && numbered.endsWith(`-${number}`));
    }
  });

  it('is refused when it is reserved, malformed, or looks like another one', () => {
    for (const bad of [
      '',
      'a',
      '-a',
      'a-',
      'a--b',
      'xn--bcher-kva',
      'A',
      'ä',
      'аpple',
      'a_b',
      'a.b',
      'a b',
      'a'.repeat(40),
    ])
      assert.ok(!slugIsValid(bad), bad);
    for (const reserved of reservedSlugs) assert.ok(!slugIsValid(reserved), reserved);
    for (const reserved of reservedSlugs) assert.ok(slugIsValid(deriveSlug(reserved)), reserved);
  });
});
