import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from '#local/paths.ts';

const requirementsOfLevels1And2 = 253;

describe('the ASVS checklist', () => {
  const rows = readFileSync(join(checkout, 'docs/security/asvs.md'), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, id, level, what, shownBy] = /^\| (V[\d.]+)\s*\| (\d)\s*\| (.+?)\s*\| (.+?)\s*\|$/.exec(line) ?? [];
      return id && level && what && shownBy ? [{ id, shownBy }] : [];
    });

  it('has every requirement of levels 1 and 2 once', () => {
    assert.equal(new Set(rows.map(({ id }) => id)).size, requirementsOfLevels1And2);
    assert.equal(rows.length, requirementsOfLevels1And2);
  });

  it('names tests and documents that are there, or says why there is none', () => {
    const wrong = rows.flatMap(({ id, shownBy }) => {
      if (/^(?:not yet|does not apply: .+)/.test(shownBy)) return [];
      const [, document] = /^document: `(.+)`$/.exec(shownBy) ?? [];
      if (document) return existsSync(join(checkout, document)) ? [] : [`${id}: ${document} is not there`];
      const tests = [...shownBy.matchAll(/`([^`]+\.test\.ts)` “([^”]+)”/g)];
      if (tests.length === 0) return [`${id}: names nothing`];
      return tests.flatMap(([, file = '', name = '']) => {
        const path = join(checkout, file);
        if (!existsSync(path)) return [`${id}: ${file} is not there`];
        return namesOf(readFileSync(path, 'utf8')).some((text) => text.includes(name))
          ? []
          : [`${id}: ${file} has no “${name}”`];
      });
    });
    assert.deepEqual(wrong, []);
  });
});

/** What the tests of a file are called, as they stand in it. */
const namesOf = (source: string): string[] =>
  [...source.matchAll(/\bit\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`([^`]*)`|([^(]+?))/g)].map(
    ([, single, double, template]) => single ?? double ?? template ?? '',
  );
