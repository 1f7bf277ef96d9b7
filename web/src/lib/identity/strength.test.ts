import assert from 'node:assert/strict';
import { strengthOf } from './strength.ts';

describe('the hint about a password', () => {
  const level = (password: string) => strengthOf(password, ['Ada Lovelace', 'ada.lovelace@example.org']).level;

  it('counts characters, not bytes', () => {
    assert.equal(strengthOf('žluťouč', []).title, 'Too short: 1 more');
    assert.equal(level('🦊🦊🦊🦊'), 1);
  });

  it('is not impressed by length without surprise, nor by what others know', () => {
    for (const weak of ['aaaaaaaaaaaaaaaaaaaa', '12345678901234567890', 'Password123!', 'ada.lovelace1', 'Tenantry1'])
      assert.equal(level(weak), 2, weak);
  });

  it('says why', () => {
    assert.equal(strengthOf('1qaz2wsx3edc', []).title.startsWith('Weak: '), true);
    assert.equal(strengthOf('lovelace', ['Ada Lovelace']).title, 'Weak: it repeats your own names');
  });

  it('calls a few unrelated words strong', () => {
    assert.equal(level('velvet marmot orbit 7'), 4);
  });
});
