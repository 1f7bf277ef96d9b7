import assert from 'node:assert/strict';
import { readOrganisations } from './organisations.ts';
import { percentile, table } from './table.ts';

describe('the table of the demo', () => {
  it('lines its columns up and shortens what is too long', () => {
    const text = table(
      [
        { title: 'name', align: 'left', most: 6 },
        { title: 'ms', align: 'right' },
      ],
      [
        ['Université', '7'],
        ['Ub', '1200'],
      ],
    );
    assert.deepEqual(text.split('\n'), ['name      ms', '------  ----', 'Unive…     7', 'Ub      1200']);
  });

  it('gives percentiles by nearest rank', () => {
    assert.equal(percentile([5, 1, 4, 2, 3], 0.5), 3);
    assert.equal(percentile([5, 1, 4, 2, 3], 0.95), 5);
    assert.equal(percentile([], 0.5), 0);
  });
});

describe('the organisations of the demo', () => {
  it('are fifty real ones, with commas, accents, apostrophes, a long name and repeated ones', async () => {
    const organisations = await readOrganisations();
    const names = organisations.map(({ name }) => name);
    assert.equal(organisations.length, 50);
    assert.equal(new Set(organisations.map(({ externalId }) => externalId)).size, 50);
    assert.equal(new Set(names).size, 46);
    assert.ok(names.includes('Arab Open University, Kuwait Branch'));
    assert.ok(names.includes("Université de N'Djamena"));
    assert.equal(Math.max(...names.map((name) => name.length)), 114);
    assert.ok(organisations.every(({ country }) => /^[A-Z]{2}$/.test(country)));
  });
});
