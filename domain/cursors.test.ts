import assert from 'node:assert/strict';
import type { DomainError } from '#contracts/errors.ts';
import { readCursor, writeCursor } from './cursors.ts';

const id = '01a1fdb1-6ee7-772b-9e5a-ffa971c72f70';
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a cursor', () => {
  it('comes back as it was written', () => {
    for (const value of ['', 'Ärzte', "O'Neil; drop table", '🙂'])
      assert.deepEqual(readCursor(writeCursor(value, id), 'text'), { value, id });
    const value = '2026-11-21T10:00:00.000Z';
    assert.deepEqual(readCursor(writeCursor(value, id), 'time'), { value, id });
  });

  it('is refused when nobody handed it out', () => {
    const bad = ['', 'x', '%', encoded([]), encoded(['a']), encoded(['a', 'b']), encoded([1, id]), encoded(null)];
    for (const cursor of [...bad, encoded(['a\0b', id]), encoded({ 0: 'a', 1: id }), encoded(['a', id.toUpperCase()])])
      assert.throws(
        () => readCursor(cursor, 'text'),
        (error: DomainError) => error.code === 'invalid_request' && error.fields[0]?.path === 'cursor',
      );
    assert.throws(() => readCursor(writeCursor('yesterday', id), 'time'));
  });
});
