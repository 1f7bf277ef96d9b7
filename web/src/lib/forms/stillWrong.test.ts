import assert from 'node:assert/strict';
import { stillWrong } from './stillWrong.ts';

describe('a refused form', () => {
  const problems = { name: 'is too long', 'admin.email': 'is no address', 'labels.a.b': 'is no key' };
  const sent = { name: 'x', admin: { email: 'y' }, labels: { 'a.b': '1' } };

  it('keeps what is wrong as long as nothing was changed', () => {
    assert.deepEqual(stillWrong(problems, sent, structuredClone(sent)), problems);
  });

  it('forgives the field that is being mended, and no other', () => {
    const left = stillWrong(problems, sent, { name: 'x', labels: { a: '1' } });
    assert.deepEqual(left, { name: 'is too long' });
  });
});
