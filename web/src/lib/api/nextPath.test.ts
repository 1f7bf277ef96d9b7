import assert from 'node:assert/strict';
import { safeNext, setUpPath, signInPath } from './nextPath.ts';

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
  it("stays behind the door of the portal that was asked for, and leads through no other's", () => {
    const home = '/portal/abo';
    assert.equal(safeNext('/portal/abo/members?state=invited', home), '/portal/abo/members?state=invited');
    for (const next of [
      '/tenants',
      '/portal/abo-2',
      '/portal/other/members',
      '/portal/abo/sign-in',
      '/portal/abo/../other',
    ])
      assert.equal(safeNext(next, home), home, next);
    for (const next of ['/portal/abo', '/portal/abo/members']) assert.equal(safeNext(next), '/tenants', next);
    assert.equal(signInPath({ pathname: home, search: '' }), '/portal/abo/sign-in');
    const members = { pathname: '/portal/abo/members', search: '' };
    assert.equal(signInPath(members), '/portal/abo/sign-in?next=%2Fportal%2Fabo%2Fmembers');
    assert.equal(setUpPath(members), '/portal/abo/set-up-factor?next=%2Fportal%2Fabo%2Fmembers');
  });
});
