import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import type { OwnSession } from '#contracts/identity/signIn.ts';
import type { Problem } from '#contracts/problems.ts';
import { bumpAccessEpoch } from '#domain/access/epoch.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { revokeSessions } from '#domain/people/sessions.ts';
import { rows } from '#domain/sql.ts';
import { startApi, type RunningApi } from '#api/server.ts';
import { createLogger } from '#observability/logging.ts';
import { assertInTime } from '#test/run/patience.ts';
import { ApiInstallation, ask, type Answer } from '../apiInstallation.ts';
import { cookiesOf, TestAccount } from './testAccount.ts';

const session = '/api/v1/session';
const code = (answer: Answer<unknown>): string => (answer.body as Problem).code;
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

describe('sessions', () => {
  let api: ApiInstallation;
  let other: RunningApi;
  before(async () => {
    api = await ApiInstallation.start((same) => ({ ...same, trustedProxies: 1 }));
    other = await startApi(api.installation.configuration, { logger: createLogger('test', { level: 'silent' }) });
  });
  after(async () => {
    await other.stop();
    await api.stop();
  });

  const status = async (cookie: string, url = api.url) => (await ask(url, 'GET', session, { cookie })).status;
  const endsWithinASecond = (cookie: string, url: string) =>
    api.installation.until('the session to end', 1_000, async () => (await status(cookie, url)) === 401);
  /** As if so much time had passed since the person proved who they are. */
  const proveMinutesAgo = async (account: TestAccount, minutes: number) => {
    await api.installation.asAdmin(
      null,
      `update sessions set authenticated_at = authenticated_at - make_interval(mins => $2) where user_id = $1`,
      [account.userId, minutes],
    );
    await api.installation.em.transactional((tx) => bumpAccessEpoch(tx));
    await api.installation.until('the change to be known', 2_000, async () => {
      const { body } = await account.ask('GET', session);
      return Date.parse(body['authenticatedAt'] as string) < Date.now() - (minutes - 1) * 60_000;
    });
  };

  it('are shown to their owner by device, address and time, and to nobody else', async () => {
    const account = await TestAccount.join(api);
    const headers = { 'user-agent': firefox, 'x-forwarded-for': '192.0.2.7' };
    await account.enterPassword({ headers });
    const { body, text } = await account.ask<{ items: Record<string, unknown>[] }>('GET', '/api/v1/sessions');
    assert.equal(body.items.length, 2);
    const elsewhere = body.items.find(({ isCurrent }) => !isCurrent);
    assert.equal(elsewhere?.['device'], 'Firefox on Linux');
    assert.equal(elsewhere?.['address'], '192.0.2.7');
    assert.ok(!text.includes(account.cookie.split('=')[1]!));
    const stranger = await TestAccount.join(api);
    assert.equal((await stranger.ask('DELETE', `/api/v1/sessions/${String(elsewhere?.['id'])}`)).status, 404);
  });

  it('are ended by their owner one by one and all but the current, on every process within a second', async () => {
    const account = await TestAccount.join(api);
    const [one, two, three] = await Promise.all(
      [1, 2, 3].map(async () => cookiesOf((await account.enterPassword()).answer)),
    );
    for (const cookie of [one!, two!, three!, account.cookie]) assert.equal(await status(cookie, other.url), 200);
    const { body } = await ask<{ items: OwnSession[] }>(api.url, 'GET', '/api/v1/sessions', { cookie: one! });
    const own = body.items.find(({ isCurrent }) => isCurrent)!;
    assert.equal((await account.ask('DELETE', `/api/v1/sessions/${own.id}`)).status, 204);
    assert.equal(await status(one!), 401);
    await endsWithinASecond(one!, other.url);
    assert.equal((await account.ask('DELETE', '/api/v1/sessions')).status, 204);
    for (const cookie of [two!, three!]) await endsWithinASecond(cookie, other.url);
    assert.equal(await status(account.cookie, other.url), 200);
  });

  it('end at sign-out on another process within a second, also when the announcement is lost', async () => {
    const account = await TestAccount.join(api);
    assert.equal(await status(account.cookie, other.url), 200);
    await ask(api.url, 'DELETE', session, { cookie: account.cookie });
    await endsWithinASecond(account.cookie, other.url);
    const again = cookiesOf((await account.enterPassword()).answer);
    assert.equal(await status(again, other.url), 200);
    const hash = createHash('sha256')
      .update(/tenantry=([\w-]{43})/.exec(again)![1]!)
      .digest();
    await api.installation.em.transactional(async (tx) => {
      await api.installation.asAdmin(null, 'delete from sessions where token_hash = $1', [hash]);
      await bumpAccessEpoch(tx); // and nobody is told
    });
    await endsWithinASecond(again, other.url);
  });

  it('that end take their event streams along', async () => {
    await api.installation.startWorker();
    const { runId } = await api.installation.provision({ name: 'Followed' });
    await api.installation.asAdmin(null, `update runs set state = 'running' where id = $1`, [runId]);
    const account = await TestAccount.join(api, [{ role: 'auditor', scope: { kind: 'platform' } }]);
    const { hostname, port } = new URL(other.url);
    const ended = await new Promise<number>((resolve, reject) => {
      const path = `/api/v1/runs/${runId}/events`;
      const stream = request(
        { hostname, port, path, agent: false, headers: { cookie: account.cookie } },
        (response) => {
          assert.equal(response.statusCode, 200);
          response.resume();
          let begun = 0;
          response.once('close', () => resolve(performance.now() - begun));
          begun = performance.now();
          ask(api.url, 'DELETE', session, { cookie: account.cookie }).catch(reject);
        },
      );
      stream.once('error', reject);
      stream.end();
    });
    assertInTime(ended, 1_500, 'the end of the stream');
    await api.installation.asAdmin(null, `update runs set state = 'succeeded' where id = $1`, [runId]);
  });

  it('end for everybody else when the password changes, and the one that changed it has a new token', async () => {
    const account = await TestAccount.join(api);
    const elsewhere = cookiesOf((await account.enterPassword()).answer);
    const before = account.cookie;
    const wrong = { current: 'not it', password: 'another good sentence' };
    assert.equal(code(await account.ask('POST', '/api/v1/account/password', { body: wrong })), 'password_wrong');
    const body = { current: account.password, password: 'another good sentence' };
    assert.equal((await account.ask('POST', '/api/v1/account/password', { body })).status, 200);
    assert.notEqual(account.cookie, before);
    assert.equal(await status(account.cookie, other.url), 200);
    for (const cookie of [before, elsewhere]) await endsWithinASecond(cookie, other.url);
    const credentials = { email: account.email, password: account.password };
    assert.equal((await ask(api.url, 'POST', session, { body: credentials })).status, 401);
  });

  it('are not begun by a password that was changed while it was being checked', async () => {
    const { installation } = api;
    const one = await TestAccount.join(api);
    const two = await TestAccount.join(api);
    await two.addTotp();
    for (const account of [one, two]) {
      const late = await installation.em.transactional(async (tx) => {
        await rows(tx)`select 1 from users where id = ${account.userId} for no key update`;
        const signingIn = account.enterPassword();
        await installation.until('the sign-in to have checked the password', 5_000, async () => {
          const waiting = await installation.asAdmin(
            null,
            `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
          );
          return waiting.length > 0;
        });
        await rows(tx)`update users set password_hash = ${'$argon2id$another'} where id = ${account.userId}`;
        await revokeSessions(tx, { userId: account.userId, reason: 'password_changed' }, theSystem);
        return { signingIn };
      });
      const { answer } = await late.signingIn;
      assert.equal(code(answer), 'bad_credentials');
      assert.equal(answer.headers['set-cookie'], undefined);
    }
  });

  it('ask again who somebody is before what is dangerous, ten minutes after they last proved it', async () => {
    const account = await TestAccount.join(api);
    await account.addTotp();
    await proveMinutesAgo(account, 11);
    assert.equal(code(await account.ask('POST', '/api/v1/account/recovery-codes')), 'step_up_required');
    const { password } = account;
    const confirm = (body: object) => account.ask('POST', '/api/v1/session/confirm', { body });
    assert.equal(code(await confirm({ password: 'not it' })), 'not_confirmed');
    assert.equal(code(await confirm({ password })), 'not_confirmed', 'never by less than a sign-in asks for');
    assert.equal(code(await confirm({ password, code: '000000' })), 'code_wrong');
    const before = account.cookie;
    assert.equal((await confirm({ password, code: await account.code() })).status, 200);
    assert.notEqual(account.cookie, before);
    assert.equal(await status(before), 401, 'the old token opens nothing');
    assert.equal((await account.ask('POST', '/api/v1/account/recovery-codes')).status, 201);
  });

  it('of a while ago remove no tenant, take no role away and issue no token or secret', async () => {
    const account = await TestAccount.join(api, [{ role: 'owner', scope: { kind: 'platform' } }]);
    const { tenantId, slug } = await api.installation.createTenant({ name: 'Left open' });
    const [held] = await api.installation.asAdmin<{ id: string }>(null, 'select id from role_assignments limit 1');
    const dangerous: [method: string, path: string, body?: object][] = [
      ['DELETE', `/api/v1/tenants/${tenantId}`, { confirm: slug }],
      ['DELETE', `/api/v1/role-assignments/${held!.id}`],
      ['POST', '/api/v1/worker-tokens', { name: 'Outside', taskQueue: 'outside' }],
      ['POST', '/api/v1/signing-secrets'],
      ['POST', `/api/v1/licenses/${tenantId}/revoke`, {}],
    ];
    await proveMinutesAgo(account, 11);
    for (const [method, path, body] of dangerous)
      assert.equal(
        code(await account.ask(method, path, body ? { body } : {})),
        'step_up_required',
        `${method} ${path}`,
      );
  });

  it('are confirmed by a passkey alone', async () => {
    const account = await TestAccount.join(api);
    await account.addPasskey();
    await proveMinutesAgo(account, 11);
    const options = await account.ask('POST', '/api/v1/session/confirm/options');
    const body = { passkey: account.authenticator.get(options.body as never) };
    assert.equal((await account.ask('POST', '/api/v1/session/confirm', { body })).status, 200);
    assert.equal(code(await account.ask('POST', '/api/v1/session/confirm', { body })), 'passkey_refused', 'once');
  });

  it('last as long as the configuration says', async () => {
    const brief = await startApi(
      { ...api.installation.configuration, sessions: { idleSeconds: 300, absoluteSeconds: 3_600 } },
      { logger: createLogger('test', { level: 'silent' }) },
    );
    try {
      const account = await TestAccount.join(api);
      const body = { email: account.email, password: account.password };
      const answer = await ask(brief.url, 'POST', session, { body });
      const cookie = cookiesOf(answer);
      const lasts = Date.parse(answer.body['expiresAt'] as string) - Date.now();
      assert.ok(Math.abs(lasts - 3_600_000) < 10_000);
      await api.installation.asAdmin(
        null,
        `update sessions set last_seen_at = now() - interval '301 seconds' where user_id = $1`,
        [account.userId],
      );
      await api.installation.em.transactional((tx) => bumpAccessEpoch(tx));
      await endsWithinASecond(cookie, brief.url);
      assert.equal(await status(cookie), 200, 'eight hours is the default');
    } finally {
      await brief.stop();
    }
  });
}).timeout(60_000);
