import assert from 'node:assert/strict';
import { FleetSettings } from '#contracts/fleet/migrations.ts';
import { budgetOf, sizesOf } from './waveSizes.ts';

const sizes = (settings: object, total: number, chosen = 0) =>
  sizesOf(FleetSettings.parse(settings), { total, chosen }).map(({ title, tenants }) => [title, tenants]);

describe('the waves of a fleet', () => {
  it('are one when nobody asks for more', () => {
    assert.deepEqual(sizes({}, 7), [['All tenants', 7]]);
  });

  it('take their share of all, at least one, and leave the rest to the last', () => {
    const settings = {
      canary: { size: { tenants: 3 } },
      waves: [{ size: { percent: 10 } }, { size: { percent: 50 } }],
    };
    assert.deepEqual(sizes(settings, 100), [
      ['Canary', 3],
      ['Wave 1', 10],
      ['Wave 2', 50],
      ['All the others', 37],
    ]);
    assert.deepEqual(sizes(settings, 5), [
      ['Canary', 3],
      ['Wave 1', 1],
      ['Wave 2', 1],
      ['All the others', 0],
    ]);
  });

  it('take the chosen tenants that are behind as the canary', () => {
    const tenantIds = ['019ab000-0000-7000-8000-000000000001', '019ab000-0000-7000-8000-000000000002'];
    assert.deepEqual(sizes({ canary: { tenantIds } }, 9, 1), [
      ['Canary', 1],
      ['All the others', 8],
    ]);
  });

  it('allow so many failures, or such a part of all', () => {
    assert.equal(budgetOf(FleetSettings.parse({ errorBudget: { tenants: 0 } }), 100), 0);
    assert.equal(budgetOf(FleetSettings.parse({ errorBudget: { percent: 2 } }), 120), 2);
    assert.equal(budgetOf(FleetSettings.parse({}), 120), 5);
  });

  it('refuse a canary that is both a number and a list, or neither', () => {
    const tenantIds = ['019ab000-0000-7000-8000-000000000001'];
    assert.ok(!FleetSettings.safeParse({ canary: { size: { tenants: 1 }, tenantIds } }).success);
    assert.ok(!FleetSettings.safeParse({ canary: {} }).success);
    assert.ok(!FleetSettings.safeParse({ errorBudget: { percent: 0 } }).success);
  });
});
