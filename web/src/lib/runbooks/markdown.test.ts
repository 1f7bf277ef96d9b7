import assert from 'node:assert/strict';
import { blocksOf, piecesOf } from './markdown.ts';

describe('what instructions are written in', () => {
  it('becomes paragraphs, lists and code, and names what is still to be filled in', () => {
    assert.deepEqual(
      blocksOf('Stop **all** writers of\n{{inputs.store}}.\n\n1. `pg_ctl stop`\n2. wait\n\n```\na < b\n```'),
      [
        {
          kind: 'paragraph',
          pieces: [
            { kind: 'text', text: 'Stop ' },
            { kind: 'strong', text: 'all' },
            { kind: 'text', text: ' writers of ' },
            { kind: 'filled', text: 'inputs.store' },
            { kind: 'text', text: '.' },
          ],
        },
        {
          kind: 'list',
          ordered: true,
          start: 1,
          items: [[{ kind: 'code', text: 'pg_ctl stop' }], [{ kind: 'text', text: 'wait' }]],
        },
        { kind: 'code', text: 'a < b' },
      ],
    );
  });

  it('leads to pages and sites alone: a script stays text', () => {
    assert.deepEqual(piecesOf('[here](javascript:alert(1))'), [{ kind: 'text', text: '[here](javascript:alert(1))' }]);
    assert.deepEqual(piecesOf('[state](/runs) https://status.example.'), [
      { kind: 'link', text: 'state', href: '/runs' },
      { kind: 'text', text: ' ' },
      { kind: 'link', text: 'https://status.example', href: 'https://status.example' },
      { kind: 'text', text: '.' },
    ]);
    assert.deepEqual(piecesOf('<img src=x> snake_case_name'), [{ kind: 'text', text: '<img src=x> snake_case_name' }]);
  });
});
