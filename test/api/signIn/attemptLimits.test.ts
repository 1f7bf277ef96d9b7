import assert from 'node:assert/strict';
import type { Problem } from '#contracts/problems.ts';
import { startApi } from '#api/server.ts';
import { createLogger } from '#observability/logging.ts';
import { ApiInstallation, ask, type Answer } from '../apiInstallation.ts';
import { cookiesOf, TestAccount } from './testAccount.ts';

const session = '/api/v1/session';
const code = (answer: Answer<unknown>): string => (answer.body as Problem).code;

describe('who guesses passwords', () => {
  let api: ApiInstallation;
  before(async () => {
    api = await ApiInstallation.start((same) => ({ ...same, trustedProxies: 1 }));
  });
  after(() => api.stop());

  let networks = 0;
  const newAddress = () => `203.0.${Math.floor(++networks / 250)}.${networks % 250}`;
  const guess = (email: string, from: string, { url = api.url, cookie = '', password = 'a guess' } = {}) =>
    ask(url, 'POST', session, {
      body: { email, password },
      headers: { 'x-forwarded-for': from },
      ...(cookie ? { cookie } : {}),
    });

  it('is held up after ten guesses of one account from one address, over processes and restarts', async () => {
    const account = await TestAccount.join(api);
    const from = newAddress();
    const configuration = { ...api.installation.configuration, trustedProxies: 1 };
    const second = await startApi(configuration, { logger: createLogger('test', { level: 'silent' }) });
    for (let n = 0; n < 5; n++) {
      assert.equal(code(await guess(account.email, from)), 'bad_credentials');
      assert.equal(code(await guess(account.email, from, { url: second.url })), 'bad_credentials');
    }
    await second.stop();
    const third = await startApi(configuration, { logger: createLogger('test', { level: 'silent' }) });
    try {
      for (const url of [api.url, third.url]) {
        const held = await guess(account.email, from, { url, password: account.password });
        assert.equal(code(held), 'too_many_attempts', 'even with the right password');
        const seconds = Number(held.headers['retry-after']);
        assert.ok(seconds > 800 && seconds <= 900, `Retry-After ${seconds}`);
      }
    } finally {
      await third.stop();
    }
    assert.equal((await guess(account.email, newAddress(), { password: account.password })).status, 201);
  });

  it('cannot overtake the count by guessing in parallel', async () => {
    const account = await TestAccount.join(api);
    const from = newAddress();
    const guesses = await Promise.all(Array.from({ length: 40 }, () => guess(account.email, from)));
    assert.equal(guesses.filter((one) => code(one) === 'bad_credentials').length, 10);
  });

  it('is held up in the same way for an address that nobody has', async () => {
    const known = await TestAccount.join(api);
    const from = newAddress();
    const told: unknown[] = [];
    for (const email of [known.email, 'nobody-at-all@example.org']) {
      const answers: Answer[] = [];
      for (let n = 0; n < 12; n++) answers.push(await guess(email, from));
      told.push(answers.map(({ status, body: { requestId: _id, ...rest } }) => [status, rest]));
    }
    assert.deepEqual(told[0], told[1]);
  });

  it('from everywhere is held up, and cannot lock out a browser that signed in before', async () => {
    const account = await TestAccount.join(api);
    const own = cookiesOf((await account.enterPassword()).answer)
      .split('; ')
      .find((pair) => pair.startsWith('tenantry-device='))!;
    for (let n = 0; n < 10; n++) {
      const from = Array.from({ length: 10 }, newAddress);
      await Promise.all(from.map((address) => guess(account.email, address)));
    }
    const right = { password: account.password };
    assert.equal(code(await guess(account.email, newAddress(), right)), 'too_many_attempts');
    assert.equal((await guess(account.email, newAddress(), { ...right, cookie: own })).status, 201);
    const forged = own.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    assert.equal(code(await guess(account.email, newAddress(), { ...right, cookie: forged })), 'too_many_attempts');
    const someone = await TestAccount.join(api);
    const others = await guess(account.email, newAddress(), {
      ...right,
      cookie: cookiesOf((await someone.enterPassword()).answer),
    });
    assert.equal(code(others), 'too_many_attempts', "another person's browser is not known as this one's");
  });

  it('from one address cannot lock an account for everybody else by going on when held up', async () => {
    const account = await TestAccount.join(api);
    const from = newAddress();
    for (let n = 0; n < 11; n++) await Promise.all(Array.from({ length: 10 }, () => guess(account.email, from)));
    assert.equal(code(await guess(account.email, from)), 'too_many_attempts');
    assert.equal((await guess(account.email, newAddress(), { password: account.password })).status, 201);
  });

  it('from one IPv6 network counts as one, also where a route has a rate of its own', async () => {
    const options = (n: number) =>
      ask(api.url, 'POST', `${session}/passkey/options`, { headers: { 'x-forwarded-for': `2001:db8:0:7::${n + 1}` } });
    const answers = await Promise.all(Array.from({ length: 80 }, (_, n) => options(n)));
    assert.ok(answers.some((answer) => code(answer) === 'too_many_requests'));
  });

  it('with a browser that is known has ten guesses, too', async () => {
    const account = await TestAccount.join(api);
    const cookie = cookiesOf((await account.enterPassword()).answer)
      .split('; ')
      .find((pair) => pair.startsWith('tenantry-device='))!;
    const guesses = await Promise.all(Array.from({ length: 15 }, () => guess(account.email, newAddress(), { cookie })));
    assert.equal(guesses.filter((one) => code(one) === 'bad_credentials').length, 10);
  });

  it('begins anew after getting it right', async () => {
    const account = await TestAccount.join(api);
    const from = newAddress();
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 8; n++) assert.equal(code(await guess(account.email, from)), 'bad_credentials');
      assert.equal((await guess(account.email, from, { password: account.password })).status, 201);
    }
  });

  it('is counted by metrics and told of by events, which name nobody by address', async () => {
    const events = await api.installation.asAdmin<{ code: string; n: number; text: string }>(
      null,
      `select outcome_code as code, count(*)::int as n, string_agg(data::text, '') as text from events
       where type = 'sign_in.refused' group by 1`,
    );
    const of = (wanted: string) => events.find((event) => event.code === wanted);
    assert.ok(of('bad_credentials')!.n > 100);
    assert.ok(of('too_many_attempts')!.n >= 3, 'once for each that was held up');
    assert.ok(of('too_many_attempts')!.n < 20);
    assert.ok(events.every(({ text }) => !text.includes('@')));
  });

  it('makes room: counts that hold nobody up any more go, so that made-up addresses do not pile up', async () => {
    const over = (what: string) =>
      api.installation.asAdmin<{ n: number }>(null, `${what} where key like 'pair:over-%'`).catch(assert.fail);
    await api.installation.asAdmin(
      null,
      `insert into sign_in_limits (key, points, expire) select 'pair:over-' || n, 1, 1 from generate_series(1, 30) n`,
    );
    for (let n = 0; n < 2; n++) await guess('nobody-here@example.org', newAddress());
    assert.deepEqual(await over('select count(*)::int as n from sign_in_limits'), [{ n: 0 }]);
  });

  it('leaves no address in the table of the limits', async () => {
    const keys = await api.installation.asAdmin<{ key: string }>(null, 'select key from sign_in_limits');
    assert.ok(keys.length > 50);
    assert.ok(
      keys.every(({ key }) => /^[a-z]+:[\w-]{43}$/i.test(key)),
      keys[0]?.key,
    );
  });
}).timeout(90_000);
