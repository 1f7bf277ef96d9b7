import assert from 'node:assert/strict';
import type { Problem } from '#contracts/problems.ts';
import { useTotpCode } from '#domain/people/factors/totp.ts';
import { startApi, type RunningApi } from '#api/server.ts';
import { createLogger } from '#observability/logging.ts';
import { ApiInstallation, ask, type Answer } from '../apiInstallation.ts';
import { cookiesOf, TestAccount } from './testAccount.ts';

const session = '/api/v1/session';
const secondFactor = `${session}/second-factor`;
const code = (answer: Answer<unknown>): string => (answer.body as Problem).code;

describe('a second factor', () => {
  let api: ApiInstallation;
  let other: RunningApi;
  before(async () => {
    api = await ApiInstallation.start((same) => ({ ...same, trustedProxies: 1 }));
    const logger = createLogger('test', { level: 'silent' });
    other = await startApi(api.installation.configuration, { logger });
  });
  after(async () => {
    await other.stop();
    await api.stop();
  });

  const answer = (cookie: string, body: object, url = api.url): Promise<Answer> =>
    ask(url, 'POST', secondFactor, { body, cookie });
  const withTotp = async () => {
    const account = await TestAccount.join(api);
    await account.addTotp();
    return account;
  };

  it('is asked for after the password, and until then nobody is signed in', async () => {
    const account = await withTotp();
    const { answer: first, cookie } = await account.enterPassword();
    assert.equal(first.status, 202);
    assert.deepEqual(Object.keys(first.body).sort(), ['expiresAt', 'factors', 'next']);
    const [step, ...more] = first.headers['set-cookie']!;
    assert.deepEqual(more, []);
    assert.match(step!, /^tenantry-step=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/);
    assert.equal((await ask(api.url, 'GET', session, { cookie })).status, 401);
    const asSession = cookie.replace('tenantry-step', 'tenantry');
    assert.equal((await ask(api.url, 'GET', session, { cookie: asSession })).status, 401);
    const finished = await answer(cookie, { code: await account.code() });
    assert.equal(finished.status, 201);
    assert.notEqual(cookiesOf(finished).split('=')[1], cookie.split('=')[1]);
    assert.equal((await ask(api.url, 'GET', session, { cookie: cookiesOf(finished) })).status, 200);
    assert.equal(
      code(await answer(cookie, { code: await account.code() })),
      'sign_in_expired',
      'each step is used once',
    );
  });

  it('shows nothing of itself to who has not the password', async () => {
    const account = await withTotp();
    const wrong = { password: 'not the password' };
    const known = await api.ask('POST', session, { body: { email: account.email, ...wrong }, cookie: null });
    const unknown = await api.ask('POST', session, { body: { email: 'who@example.org', ...wrong }, cookie: null });
    const told = ({ status, body: { requestId: _id, ...rest }, headers }: Answer) => [
      status,
      rest,
      headers['set-cookie'],
    ];
    assert.deepEqual(told(known), told(unknown));
  });

  it('takes one of fifty parallel uses of one code, over two processes', async () => {
    const account = await withTotp();
    const steps = await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        const headers = { 'x-forwarded-for': `203.0.113.${n}` };
        return { cookie: (await account.enterPassword({ headers })).cookie, headers };
      }),
    );
    const same = await account.code();
    // Each attempt counts: so many at once of one person would be held up before they are looked at.
    await api.installation.asAdmin(null, 'delete from sign_in_limits');
    const uses = await Promise.all(
      steps.map(({ cookie, headers }, n) =>
        ask(n % 2 === 0 ? api.url : other.url, 'POST', secondFactor, { body: { code: same }, cookie, headers }),
      ),
    );
    assert.equal(uses.filter(({ status }) => status === 201).length, 1);
    assert.ok(uses.every((use) => use.status === 201 || ['code_wrong', 'too_many_attempts'].includes(code(use))));
    assert.ok(uses.some((use) => code(use) === 'code_wrong'));
  });

  it('compares and sets in one statement: of fifty uses below the limits, one succeeds', async () => {
    const account = await withTotp();
    const same = await account.code();
    const { em, platform } = api.installation;
    const { keyring } = platform.installation;
    const uses = await Promise.all(
      Array.from({ length: 50 }, () => useTotpCode(em.fork(), keyring, account.userId, same)),
    );
    assert.equal(uses.filter(Boolean).length, 1);
  });

  it('takes no code again, nor an older one, nor one of another person', async () => {
    const [account, stranger] = [await withTotp(), await withTotp()];
    const enter = async () => (await account.enterPassword()).cookie;
    const first = await account.code();
    assert.equal((await answer(await enter(), { code: first })).status, 201);
    assert.equal(code(await answer(await enter(), { code: first })), 'code_wrong');
    assert.equal(code(await answer(await enter(), { code: await stranger.code() })), 'code_wrong');
    assert.equal(code(await answer(await enter(), { code: '12345' })), 'invalid_request');
  });

  it('ends the sign-in after five wrong codes', async () => {
    const account = await withTotp();
    const { cookie } = await account.enterPassword();
    const right = await account.code();
    const wrong = String((Number(right) + 1) % 1_000_000).padStart(6, '0');
    for (let n = 0; n < 5; n++) assert.equal(code(await answer(cookie, { code: wrong })), 'code_wrong');
    assert.equal(code(await answer(cookie, { code: right })), 'sign_in_expired');
  });

  it('is a recovery code, once, as people type it', async () => {
    const account = await withTotp();
    assert.equal(account.recoveryCodes.length, 10);
    const [recoveryCode = ''] = account.recoveryCodes;
    const typed = ` ${recoveryCode.replace('-', ' ').toUpperCase()} `;
    const { cookie } = await account.enterPassword();
    const signedIn = await answer(cookie, { recoveryCode: typed });
    assert.equal(signedIn.status, 201);
    assert.equal((signedIn.body['factors'] as { recoveryCodesLeft: number }).recoveryCodesLeft, 9);
    const again = await Promise.all(
      [1, 2].map(async () => answer((await account.enterPassword()).cookie, { recoveryCode })),
    );
    assert.deepEqual(again.map(code), ['code_wrong', 'code_wrong']);
    const kept = await api.installation.asAdmin<{ hash: string }>(
      null,
      `select encode(code_hash, 'escape') as hash from recovery_codes where user_id = $1`,
      [account.userId],
    );
    assert.ok(kept.every(({ hash }) => !account.recoveryCodes.some((one) => hash.includes(one))));
  });

  it('comes with recovery codes when it is the first, and ends the sessions that were begun without', async () => {
    const account = await TestAccount.join(api);
    const elsewhere = cookiesOf((await account.enterPassword()).answer);
    assert.equal((await ask(api.url, 'GET', session, { cookie: elsewhere })).status, 200);
    const before = account.cookie;
    await account.addTotp();
    assert.equal(account.recoveryCodes.length, 10);
    assert.notEqual(account.cookie, before, 'a new token at each elevation');
    for (const cookie of [before, elsewhere])
      assert.equal((await ask(api.url, 'GET', session, { cookie })).status, 401);
    const second = await account.addPasskey();
    assert.equal(second.body.recoveryCodes, null);
    assert.equal(code(await account.ask('POST', '/api/v1/account/totp')), 'factor_known');
  });

  it('is kept sealed, and sealed for one person only', async () => {
    const [one, two] = [await withTotp(), await withTotp()];
    const [kept] = await api.installation.asAdmin<{ sealed: Buffer }>(
      null,
      'select sealed from totp_secrets where user_id = $1',
      [one.userId],
    );
    assert.ok(!kept!.sealed.includes(one.secret));
    await api.installation.asAdmin(
      null,
      `update totp_secrets set sealed = (select sealed from totp_secrets where user_id = $1), last_step = 0 where user_id = $2`,
      [one.userId, two.userId],
    );
    const { cookie } = await two.enterPassword();
    assert.equal((await answer(cookie, { code: await one.code() })).status, 500);
  });

  it('can be asked for by a role: until it is set up, nothing else is permitted', async () => {
    const account = await TestAccount.join(api, [{ role: 'auditor', scope: { kind: 'platform' } }]);
    assert.equal((await account.ask('GET', '/api/v1/people')).status, 200);
    const body = { requiresSecondFactor: true, expectedVersion: 1 };
    assert.equal((await api.ask('PATCH', '/api/v1/roles/auditor', { body })).status, 200);
    const { answer: signedIn } = await account.enterPassword();
    account.keep(signedIn);
    assert.equal(signedIn.body['mustSetUp'], 'second_factor');
    for (const path of ['/api/v1/people', '/api/v1/tenants', '/api/v1/api-keys'])
      assert.equal(code(await account.ask('GET', path)), 'second_factor_required', path);
    assert.equal((await account.ask('GET', '/api/v1/account')).body['secondFactorIsRequired'], true);
    await account.addTotp();
    assert.equal((await account.ask('GET', '/api/v1/people')).status, 200);
    assert.equal(code(await account.ask('DELETE', '/api/v1/account/totp')), 'last_factor');
    const added = await account.addPasskey();
    assert.equal((await account.ask('DELETE', '/api/v1/account/totp')).status, 204);
    const passkey = `/api/v1/account/passkeys/${added.body.passkey.id}`;
    assert.equal(code(await account.ask('DELETE', passkey)), 'last_factor');
  });
}).timeout(60_000);
