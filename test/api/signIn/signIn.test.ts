import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { hash } from '@node-rs/argon2';
import type { Problem } from '#contracts/problems.ts';
import { createSetupToken } from '#domain/people/ownership.ts';
import { endSession } from '#domain/people/sessions.ts';
import { sessionCookie } from '#api/signIn/cookies.ts';
import { ownOrigins, refuseCrossOrigin } from '#api/http/crossOrigin.ts';
import { ApiInstallation, owner } from '../apiInstallation.ts';
import { assertSameTime } from './sameTime.ts';

const session = '/api/v1/session';

describe('signing in', () => {
  let api: ApiInstallation;
  before(async () => {
    api = await ApiInstallation.start((same) => ({ ...same, trustedProxies: 1 }));
  });
  after(() => api.stop());

  let places = 0;
  /** From an address of its own, so that no limit comes in between. */
  const elsewhere = () => ({ 'x-forwarded-for': `198.51.100.${++places % 250}` });
  const refuse = async (body: unknown): Promise<string> => {
    const problem = await api.refusal('POST', session, { body, cookie: null, headers: elsewhere() });
    assert.equal(problem.status, 401);
    const { requestId: _id, ...rest } = problem;
    return JSON.stringify(rest);
  };

  it('tells neither by text nor by time whether an address is known', async () => {
    const texts = new Set<string>();
    const wrong = async (email: string) => texts.add(await refuse({ email, password: 'wrong password' }));
    await assertSameTime(
      () => wrong('nobody@example.org'),
      () => wrong(owner.email),
    );
    assert.equal(texts.size, 1);
  });

  it('hashes anew, at a sign-in, what was hashed with less than is asked for today', async () => {
    const stored = async () =>
      (
        await api.installation.asAdmin<{ password_hash: string }>(
          null,
          `select password_hash from users where email = '${owner.email}'`,
        )
      )[0]!.password_hash;
    const weak = await hash(owner.password, { algorithm: 2, memoryCost: 4_096, timeCost: 1, parallelism: 1 });
    await api.installation.asAdmin(null, 'update users set password_hash = $1 where email = $2', [weak, owner.email]);
    await refuse({ ...owner, password: 'wrong password' });
    assert.equal(await stored(), weak, 'a guess changes nothing');
    assert.equal((await api.ask('POST', session, { body: owner, cookie: null })).status, 201);
    const renewed = await stored();
    assert.match(renewed, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.equal((await api.ask('POST', session, { body: owner, cookie: null })).status, 201);
    assert.equal(await stored(), renewed, 'once is enough');
  });

  it('takes the address in any case and width of space, and the password exactly', async () => {
    const answer = await api.ask('POST', session, { body: { ...owner, email: ' OWNER@Example.org ' }, cookie: null });
    assert.equal(answer.status, 201);
    await refuse({ ...owner, password: `${owner.password} ` });
    await refuse({ ...owner, password: owner.password.toUpperCase() });
    await refuse({ email: '', password: '' });
  });

  it('sets a cookie that no script reads and no other site sends', async () => {
    const { headers } = await api.ask('POST', session, { body: owner, cookie: null });
    const [cookie, device, ...more] = headers['set-cookie']!;
    assert.deepEqual(more, []);
    assert.match(cookie!, /^tenantry=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/);
    assert.match(device!, /^tenantry-device=[\w-]{22}\.[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/);
    assert.equal(headers['cache-control'], 'no-store');
  });

  it('binds the cookie to host and TLS when the public address is https', () => {
    const set: unknown[][] = [];
    const cookie = sessionCookie('https://tenants.example.com');
    cookie.give({ cookie: (...all: unknown[]) => set.push(all) } as never, 'token', new Date(0));
    assert.deepEqual(set, [
      ['__Host-tenantry', 'token', { httpOnly: true, sameSite: 'lax', path: '/', secure: true, expires: new Date(0) }],
    ]);
    const read = (header: string) => cookie.read({ headers: { cookie: header } } as never);
    assert.equal(read('a=b; __Host-tenantry=xyz; c=d'), 'xyz');
    assert.equal(read('tenantry=xyz; x__Host-tenantry=1'), null);
  });

  it('gives a new session at every sign-in, ends the old one, and takes none that was brought along', async () => {
    const planted = `tenantry=${'A'.repeat(43)}`;
    const answer = await api.ask('POST', session, { body: owner, cookie: planted });
    const first = answer.headers['set-cookie']![0]!.split(';')[0]!;
    assert.notEqual(first, planted);
    const again = await api.ask('POST', session, { body: owner, cookie: first });
    const second = again.headers['set-cookie']![0]!.split(';')[0]!;
    assert.notEqual(second, first);
    assert.equal((await api.ask('GET', session, { cookie: first })).status, 401);
    assert.equal((await api.ask('GET', session, { cookie: second })).status, 200);
  });

  it('ends at sign-out, at once and for good', async () => {
    const cookie = await api.signIn();
    assert.equal((await api.ask('GET', session, { cookie })).status, 200);
    const answer = await api.ask('DELETE', session, { cookie });
    assert.equal(answer.status, 204);
    assert.match(answer.headers['set-cookie']![0]!, /^tenantry=; Path=\/; Expires=Thu, 01 Jan 1970/);
    assert.equal((await api.ask('GET', session, { cookie })).status, 401);
    assert.equal((await api.ask('DELETE', session, { cookie })).status, 401);
  });

  it('ends within a second of a sign-out in another process', async () => {
    const cookie = await api.signIn();
    assert.equal((await api.ask('GET', session, { cookie })).status, 200);
    await endSession(api.installation.em, cookie.split('=')[1]!);
    await api.installation.until(
      'the session to end, of which nobody told',
      1_000,
      async () => (await api.ask('GET', session, { cookie })).status === 401,
    );
  });

  it('is not kept in memory while the LISTEN connection is lost', async () => {
    const cookie = await api.signIn();
    assert.equal((await api.ask('GET', session, { cookie })).status, 200);
    const listeners = `application_name = 'tenantry announcer' and datname = current_database()`;
    await api.installation.asAdmin(null, `select pg_terminate_backend(pid) from pg_stat_activity where ${listeners}`);
    await api.installation.asAdmin(null, 'delete from sessions');
    await sleep(50);
    assert.equal((await api.ask('GET', session, { cookie })).status, 401);
    api.cookie = await api.signIn();
  });

  it('refuses an expired, an idle and a disabled one', async () => {
    for (const change of [
      `update sessions set expires_at = now() - interval '1 second'`,
      `update sessions set last_seen_at = now() - interval '9 hours'`,
      `update users set disabled_at = now()`,
    ]) {
      const cookie = await api.signIn();
      await api.installation.asAdmin(null, change);
      await api.installation.until(
        'the refusal',
        6_000,
        async () => (await api.ask('GET', session, { cookie })).status === 401,
      );
    }
    await refuse(owner); // while disabled
    await api.installation.asAdmin(null, 'update users set disabled_at = null');
    api.cookie = await api.signIn();
  });

  it('takes a one-time link once, also when two use it in the same moment', async () => {
    const token = await createSetupToken(api.installation.em);
    const claims = [1, 2, 3].map((n) =>
      api.ask<Problem>('POST', '/api/v1/owner', {
        body: { token, email: `o${n}@example.org`, password: 'long enough for this' },
        cookie: null,
      }),
    );
    const statuses = (await Promise.all(claims)).map(({ status }) => status).sort();
    assert.deepEqual(statuses, [201, 403, 403]);
    const late = { token, email: 'late@example.org', password: 'long enough for this' };
    assert.equal((await api.refusal('POST', '/api/v1/owner', { body: late })).code, 'setup_link_invalid');
  });

  it('refuses weak passwords with their field', async () => {
    for (const password of ['short', '', 'x'.repeat(129)]) {
      const problem = await api.refusal('POST', '/api/v1/owner', {
        body: { token: 'x'.repeat(32), email: 'a@example.org', password },
      });
      assert.equal(problem.fields?.[0]?.path, 'password');
    }
  });

  it('sheds a flood of sign-ins with 429 and serves others meanwhile', async () => {
    const flood = Array.from({ length: 400 }, (_, n) =>
      api.ask('POST', session, {
        body: { email: `flood${n}@example.org`, password: 'x' },
        cookie: null,
        headers: elsewhere(),
      }),
    );
    let floodIsOver = false;
    const all = Promise.all(flood).finally(() => (floodIsOver = true));
    await sleep(50);
    assert.equal((await api.ask('GET', '/health/live')).status, 200);
    assert.equal(floodIsOver, false);
    const answers = await all;
    const shed = answers.filter(({ status }) => status === 429);
    assert.ok(shed.length > 0);
    assert.ok(shed.every(({ headers }) => headers['retry-after'] === '5'));
    assert.ok(answers.every(({ status }) => status === 401 || status === 429));
  });
}).timeout(60_000);

describe('requests of browsers', () => {
  let api: ApiInstallation;
  before(async () => {
    api = await ApiInstallation.start();
  });
  after(() => api.stop());

  const send = async (headers: Record<string, string>) =>
    (await api.ask<Problem>('POST', '/api/v1/tenants/plan', { body: {}, headers })).body.code;

  it('are refused from other sites, sub-domains and other ports, with or without a session', async () => {
    for (const site of ['cross-site', 'same-site', 'nonsense', ''])
      assert.equal(await send({ 'sec-fetch-site': site }), 'cross_origin');
    for (const origin of [
      'https://evil.example',
      'http://localhost:1',
      'null',
      'https://localhost:4400',
      'http://localhost:4400.evil.example',
      '',
    ])
      assert.equal(await send({ origin }), 'cross_origin', origin);
    const signIn = await api.refusal('POST', '/api/v1/session', {
      body: owner,
      headers: { 'sec-fetch-site': 'cross-site' },
      cookie: null,
    });
    assert.equal(signIn.code, 'cross_origin');
    const foreign = { 'sec-fetch-site': 'cross-site', origin: 'http://localhost:4400' };
    assert.equal(await send(foreign), 'cross_origin', 'the browser knows better than Origin');
  });

  it('pass from our own pages, and so do programs', async () => {
    const port = new URL(api.url).port;
    for (const headers of [
      { 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
      { origin: 'http://localhost:4400' },
      { origin: `http://127.0.0.1:${port}` },
      {},
    ])
      assert.equal(await send(headers as Record<string, string>), 'invalid_request');
  });

  it('know one origin only when the public address is no loopback', () => {
    const own = ownOrigins('https://tenants.example.com', 4400);
    assert.deepEqual([...own], ['https://tenants.example.com']);
    const from = (origin: string) => () => refuseCrossOrigin({ headers: { origin } } as never, own);
    assert.doesNotThrow(from('https://tenants.example.com'));
    assert.throws(from('http://localhost:4400'), { code: 'cross_origin' });
  });
}).timeout(60_000);
