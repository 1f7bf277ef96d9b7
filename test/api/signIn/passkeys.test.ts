import assert from 'node:assert/strict';
import type { PasskeyAssertion, PasskeyRequestOptions } from '#contracts/identity/passkeys.ts';
import type { Problem } from '#contracts/problems.ts';
import { ApiInstallation, ask, type Answer } from '../apiInstallation.ts';
import { SoftAuthenticator } from './softAuthenticator.ts';
import { cookiesOf, TestAccount } from './testAccount.ts';

const passkey = '/api/v1/session/passkey';
const code = (answer: Answer<unknown>): string => (answer.body as Problem).code;

describe('a passkey', () => {
  let api: ApiInstallation;
  before(async () => {
    api = await ApiInstallation.start((same) => ({ ...same, trustedProxies: 1 }));
  });
  after(() => api.stop());

  const begin = async (): Promise<{ options: PasskeyRequestOptions; cookie: string }> => {
    const asked = await ask<PasskeyRequestOptions>(api.url, 'POST', `${passkey}/options`);
    return { options: asked.body, cookie: cookiesOf(asked) };
  };
  const finish = (cookie: string, given: PasskeyAssertion): Promise<Answer> =>
    ask(api.url, 'POST', passkey, { body: { passkey: given }, cookie });
  const withPasskey = async () => {
    const account = await TestAccount.join(api);
    assert.equal((await account.addPasskey()).status, 201);
    return account;
  };

  it('signs in alone, without a name being typed, and needs no other factor', async () => {
    const account = await withPasskey();
    const { options, cookie } = await begin();
    assert.equal(options.allowCredentials, undefined);
    const signedIn = await finish(cookie, account.authenticator.get(options));
    assert.equal(signedIn.status, 201);
    assert.equal((signedIn.body['user'] as { id: string }).id, account.userId);
  });

  it('is refused when it was used before, elsewhere, for something else, or not by its owner', async () => {
    const account = await withPasskey();
    const { authenticator } = account;
    const first = await begin();
    const given = authenticator.get(first.options);
    assert.equal((await finish(first.cookie, given)).status, 201);
    assert.equal(code(await finish(first.cookie, given)), 'sign_in_expired', 'a replay');
    const second = await begin();
    assert.equal(code(await finish(second.cookie, given)), 'passkey_refused', 'a replay in another sign-in');
    const third = await begin();
    assert.equal(
      code(await finish(third.cookie, authenticator.get(second.options))),
      'passkey_refused',
      'the challenge of another browser',
    );
    const confirming = await account.ask<PasskeyRequestOptions>('POST', '/api/v1/session/confirm/options');
    assert.equal(
      code(await finish(third.cookie, authenticator.get(confirming.body))),
      'passkey_refused',
      'a challenge for something else',
    );
    authenticator.verifies = false;
    assert.equal(code(await finish(third.cookie, authenticator.get(third.options))), 'passkey_refused', 'no PIN');
    authenticator.verifies = true;
    const stranger = new SoftAuthenticator();
    assert.equal(code(await finish(third.cookie, stranger.get((await begin()).options))), 'passkey_refused');
  });

  it('is refused from a page of another origin, and after its challenge has expired', async () => {
    const account = await withPasskey();
    const { options, cookie } = await begin();
    const given = account.authenticator.get(options);
    const data = JSON.parse(Buffer.from(given.response.clientDataJSON, 'base64url').toString()) as object;
    const foreign = Buffer.from(JSON.stringify({ ...data, origin: 'http://localhost.evil.example' })).toString(
      'base64url',
    );
    const response = { ...given.response, clientDataJSON: foreign };
    assert.equal(code(await finish(cookie, { ...given, response })), 'passkey_refused');
    const late = await begin();
    await api.installation.asAdmin(null, `update passkey_challenges set expires_at = now() - interval '1 second'`);
    assert.equal(code(await finish(late.cookie, account.authenticator.get(late.options))), 'passkey_refused');
  });

  it('whose counter goes back is a copy, and is refused', async () => {
    const account = await withPasskey();
    const { authenticator } = account;
    authenticator.counter = 10;
    const one = await begin();
    assert.equal((await finish(one.cookie, authenticator.get(one.options))).status, 201);
    authenticator.counter = 5;
    const two = await begin();
    assert.equal(code(await finish(two.cookie, authenticator.get(two.options))), 'passkey_refused');
  });

  it('is a second factor after the password, also without a PIN', async () => {
    const account = await withPasskey();
    account.authenticator.verifies = false;
    const { answer, cookie } = await account.enterPassword();
    assert.deepEqual(answer.body['factors'], ['passkey', 'recovery_code']);
    const options = await ask<PasskeyRequestOptions>(api.url, 'POST', '/api/v1/session/second-factor/options', {
      cookie,
    });
    const body = { passkey: account.authenticator.get(options.body) };
    const signedIn = await ask(api.url, 'POST', '/api/v1/session/second-factor', { body, cookie });
    assert.equal(signedIn.status, 201, signedIn.text);
  });

  it('of one person is no second factor of another, and belongs to one only', async () => {
    const [one, two] = [await withPasskey(), await withPasskey()];
    const { cookie } = await one.enterPassword();
    const options = await ask<PasskeyRequestOptions>(api.url, 'POST', '/api/v1/session/second-factor/options', {
      cookie,
    });
    const body = { passkey: two.authenticator.get(options.body) };
    assert.equal(
      code(await ask(api.url, 'POST', '/api/v1/session/second-factor', { body, cookie })),
      'passkey_refused',
    );
    const again = await two.addPasskey();
    assert.equal(code(again), 'passkey_refused', 'registered already');
  });

  it('is named, listed, renamed and removed by its owner only, who is told by mail', async () => {
    const [one, two] = [await withPasskey(), await withPasskey()];
    const { body } = await one.ask<{ passkeys: { id: string; name: string }[] }>('GET', '/api/v1/account');
    assert.equal(body.passkeys[0]?.name, 'Key');
    const path = `/api/v1/account/passkeys/${body.passkeys[0]!.id}`;
    assert.equal((await two.ask('PATCH', path, { body: { name: 'Mine' } })).status, 404);
    assert.equal((await two.ask('DELETE', path)).status, 404);
    assert.equal((await one.ask('PATCH', path, { body: { name: 'Blue' } })).body['name'], 'Blue');
    assert.equal((await one.ask('DELETE', path)).status, 204);
    const { answer } = await one.enterPassword();
    assert.equal(answer.status, 201, 'no factor is left, so none is asked for');
    const [mails] = await api.installation.asAdmin<{ n: number }>(
      null,
      `select count(*)::int as n from mails where kind = 'security_notice'`,
    );
    assert.ok(mails!.n >= 3);
  });
}).timeout(60_000);
