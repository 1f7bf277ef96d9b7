import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { base32OfId, bucketNameOf, schemaNameOf } from './names.ts';

describe('names made from ids', () => {
  it('are as long for every id, keep their order, and never meet', () => {
    const ids = Array.from({ length: 1_000 }, () => randomUUID()).sort();
    const names = ids.map(base32OfId);
    assert.deepEqual([...names].sort(), names);
    assert.equal(new Set(names).size, ids.length);
    for (const name of names) assert.match(name, /^[0-7][0-9a-hjkmnp-tv-z]{25}$/);
  });

  it('are fixed: what exists is found by them', () => {
    assert.equal(base32OfId('00000000-0000-0000-0000-000000000000'), '0'.repeat(26));
    assert.equal(base32OfId('ffffffff-ffff-ffff-ffff-ffffffffffff'), `7${'z'.repeat(25)}`);
    assert.equal(schemaNameOf('00000000-0000-0000-0000-000000000021'), `t_${'0'.repeat(24)}11`);
  });

  it("satisfy PostgreSQL's and S3's rules", () => {
    const id = randomUUID();
    assert.match(schemaNameOf(id), /^[a-z_][a-z0-9_]{1,62}$/);
    assert.match(bucketNameOf(id), /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/);
  });
});
