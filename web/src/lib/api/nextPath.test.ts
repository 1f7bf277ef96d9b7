import assert from 'node:assert/strict';
import { safeNext, signInPath } from './nextPath.ts';

describe('the way back after signing in', () => {
  it('leads to the path that was asked for, with its query', () => {
    assert.equal(safeNext('/runs?state=running'), '/runs?state=running');
    assert.equal(
      signInPath({ pathname: '/runs', search: '?state=running' }),
      '/sign-in?next=%2Fruns%3Fstate%3Drunning',
    );
  });

  it('never leaves this origin, however the address is dressed up', () => {
    const elsewhere = [
      'https://evil.example/',
      '//evil.example',
      '/\\evil.example',
      '/\t/evil.example',
      '\\\\evil.example',
      'javascript:alert(1)',
      '/.//evil.example',
      '',
      null,
    ];
    for (const next of elsewhere) assert.equal(safeNext(next), '/tenants', String(next));
  });

  it('does not lead back to the sign-in itself', () => {
    assert.equal(safeNext('/sign-in?next=/sign-in'), '/tenants');
  });
});
