import assert from 'node:assert/strict';
import { localText, momentOf } from './localMoment.ts';

describe('a moment in a form', () => {
  it('comes back as it was, to the minute', () => {
    for (const iso of ['2026-11-21T18:40:00.000Z', '2027-03-28T01:30:00.000Z', '2024-02-29T23:59:00.000Z'])
      assert.equal(momentOf(localText(iso)), iso);
  });

  it('is none where nothing, or nonsense, was typed', () => {
    for (const text of ['', 'soon', '2026-13-40T99:00']) assert.equal(momentOf(text), undefined);
    assert.equal(localText(null), '');
  });
});
