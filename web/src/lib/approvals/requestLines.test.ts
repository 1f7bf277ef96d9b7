import assert from 'node:assert/strict';
import { linesOf } from './requestLines.ts';

describe('a request that is to be approved', () => {
  it('shows every value that would be sent, however deep', () => {
    assert.deepEqual(linesOf({ role: 'admin', scope: { kind: 'tenant', tenantId: 't' }, keys: ['a', 'b'], none: [] }), [
      ['role', 'admin'],
      ['scope.kind', 'tenant'],
      ['scope.tenantId', 't'],
      ['keys.0', 'a'],
      ['keys.1', 'b'],
      ['none', 'none'],
    ]);
    assert.deepEqual(linesOf({ admin: null, queue: false }), [
      ['admin', 'null'],
      ['queue', 'false'],
    ]);
    assert.deepEqual(linesOf({}), []);
  });
});
