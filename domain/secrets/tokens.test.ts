import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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

  it('of API keys is what the documentation of their format says', async () => {
    const text = await readFile(join(import.meta.dirname, '../../docs/security/apiKeys.md'), 'utf8');
    const vectors = [...text.matchAll(/^\| `([0-9a-f]{32})` +\| `(\w+)` +\|$/gm)];
    assert.equal(vectors.length, 3);
    for (const [, secret = '', key = ''] of vectors) {
      assert.equal(newToken('apiKey', Buffer.from(secret, 'hex')), key);
      assert.ok(tokenIsWellFormed('apiKey', key));
    }
    const pattern = /^\\b(.+)\\b$/m.exec(text)?.[1] ?? '';
    for (let i = 0; i < 100; i++) assert.match(newToken('apiKey'), new RegExp(`^${pattern}$`));
  });

  it('is told from another by its digest', () => {
    assert.equal(hashOfToken('a').toString('hex').length, 64);
    assert.notDeepEqual(hashOfToken('a'), hashOfToken('b'));
  });
});
