import assert from 'node:assert/strict';
import { minorUnitsOf, moneyText } from './moneyText.ts';

describe('money', () => {
  it('is told by what its currency is divided into', () => {
    assert.equal(moneyText(123_450, 'EUR'), '1,234.50 EUR');
    assert.equal(moneyText(1_234, 'JPY'), '1,234 JPY');
    assert.equal(moneyText(1_234, 'BHD'), '1.234 BHD');
    assert.equal(moneyText(-500, 'EUR'), '-5.00 EUR');
    assert.equal(moneyText(0, null), 'nothing');
  });

  it('is read exactly, and not at all where it is finer than its currency', () => {
    assert.equal(minorUnitsOf('1234.5', 'EUR'), 123_450);
    assert.equal(minorUnitsOf('0.29', 'EUR'), 29);
    assert.equal(minorUnitsOf(' 1234 ', 'JPY'), 1_234);
    assert.equal(minorUnitsOf('1234.5', 'JPY'), null);
    assert.equal(minorUnitsOf('1.2345', 'BHD'), null);
    assert.equal(minorUnitsOf('1.2340', 'BHD'), 1_234);
    for (const bad of ['', '-1', '1e3', '1,5', 'abc', '1.']) assert.equal(minorUnitsOf(bad, 'EUR'), null, bad);
    assert.equal(minorUnitsOf('1', 'E'), null);
  });
});
