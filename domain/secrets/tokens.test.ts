import assert from 'node:assert/strict';
import { hashOfToken, newToken, tokenIsWellFormed } from './tokens.ts';

describe('a token', () => {
  it('has its prefix, 22 random digits and a checksum, and is new each time', () => {
    const tokens = Array.from({ length: 200 }, () => newToken('worker'));
    assert.equal(new Set(tokens).size, 200);
    for (const token of tokens) {
      assert.match(token, /^twt_[0-9A-Za-z]{28}$/);
      assert.ok(tokenIsWellFormed('worker', token));
      assert.ok(!tokenIsWellFormed('callback', token));
    }
  });

  it('with one character changed is not well formed', () => {
    const token = newToken('callback');
    for (let at = 0; at < token.length; at++) {
      const changed = `${token.slice(0, at)}${token[at] === 'x' ? 'y' : 'x'}${token.slice(at + 1)}`;
      assert.ok(!tokenIsWellFormed('callback', changed), changed);
    }
    for (const other of ['', 'tcb_', `${token}0`, ` ${token}`, `${token}\n`])
      assert.ok(!tokenIsWellFormed('callback', other));
  });

  it('is told from another by its digest', () => {
    assert.equal(hashOfToken('a').toString('hex').length, 64);
    assert.notDeepEqual(hashOfToken('a'), hashOfToken('b'));
  });
});
