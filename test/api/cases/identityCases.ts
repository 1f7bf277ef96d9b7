import assert from 'node:assert/strict';
import type { PersonInvited } from '#contracts/identity/people.ts';
import type { PasskeyCreationOptions, PasskeyRequestOptions } from '#contracts/identity/passkeys.ts';
import { makeLink, makeMailChangeLink } from '#domain/people/links.ts';
import { cookiesOf, TestAccount } from '../signIn/testAccount.ts';
import type { Answer } from '../apiInstallation.ts';
import type { RouteCase, World } from './routeCases.ts';

const isEmpty = ({ text }: Answer) => assert.equal(text, '');
const is = (expected: object) => (answer: Answer) =>
  assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);

/** Signing in by steps, and what people do with their own sign-in. */
export function identityCases(world: World) {
  const joined = () => TestAccount.join(world.api);
  const withTotp = async () => {
    const account = await joined();
    await account.addTotp();
    return account;
  };
  const withPasskey = async () => {
    const account = await joined();
    const added = await account.addPasskey();
    return { account, passkeyId: added.body.passkey.id };
  };
  const tokenFor = async (userId: string, purpose: 'password_reset' | 'recovery') =>
    (await makeLink(world.api.installation.em, { purpose, userId, createdBy: null })).token;
  const invited = async () => {
    const body = { email: `invited${Math.random()}@example.org`.toLowerCase(), name: 'Ada' };
    return (await world.api.ask<PersonInvited>('POST', '/api/v1/people', { body })).body;
  };

  return {
    answerSecondFactor: {
      async succeeds() {
        const account = await withTotp();
        const { answer, cookie } = await account.enterPassword();
        assert.equal(answer.status, 202);
        assert.deepEqual(answer.body['factors'], ['totp', 'recovery_code']);
        return { body: { code: await account.code() }, cookie };
      },
      shows: ({ headers }: Answer) => assert.match(headers['set-cookie']![0]!, /^tenantry=[\w-]{43};/),
    },
    askForSecondFactor: {
      async succeeds() {
        const { account } = await withPasskey();
        return { cookie: (await account.enterPassword()).cookie };
      },
      shows: ({ body }: Answer) => assert.equal((body['allowCredentials'] as unknown[]).length, 1),
    },
    askForSignInPasskey: {
      succeeds: async () => ({ cookie: null }),
      shows: is({ rpId: 'localhost', userVerification: 'required' }),
    },
    signInByPasskey: {
      async succeeds() {
        const { account } = await withPasskey();
        const asked = await world.api.ask<PasskeyRequestOptions>('POST', '/api/v1/session/passkey/options', {
          cookie: null,
        });
        return { body: { passkey: account.authenticator.get(asked.body) }, cookie: cookiesOf(asked as Answer<never>) };
      },
      shows: is({ factors: { totp: false, passkeys: 1, recoveryCodesLeft: 10 } }),
    },
    confirmSession: {
      async succeeds() {
        const { cookie, password } = await joined();
        return { cookie, body: { password } };
      },
      shows: ({ body }: Answer) => assert.ok(Date.parse(body['authenticatedAt'] as string) > Date.now() - 10_000),
    },
    askForConfirmation: {
      succeeds: async () => ({ cookie: (await withPasskey()).account.cookie }),
      shows: is({ userVerification: 'required' }),
    },
    listSessions: {
      succeeds: async () => ({}),
      shows: ({ body }: Answer) => {
        const items = body['items'] as { isCurrent: boolean; device: string }[];
        assert.equal(items.filter(({ isCurrent }) => isCurrent).length, 1);
      },
    },
    revokeSession: {
      async succeeds() {
        const account = await joined();
        await account.enterPassword();
        const { body } = await account.ask<{ items: { id: string; isCurrent: boolean }[] }>('GET', '/api/v1/sessions');
        const other = body.items.find(({ isCurrent }) => !isCurrent)!;
        return { params: { sessionId: other.id }, cookie: account.cookie };
      },
      shows: isEmpty,
    },
    revokeOtherSessions: { succeeds: async () => ({ cookie: (await joined()).cookie }), shows: isEmpty },

    readAccount: {
      succeeds: async () => ({ cookie: (await withTotp()).cookie }),
      shows: is({ name: 'Ines Weber', recoveryCodes: { left: 10 }, passkeys: [], secondFactorIsRequired: false }),
    },
    updateAccount: {
      succeeds: async () => ({ cookie: (await joined()).cookie, body: { name: 'Someone Else' } }),
      shows: is({ name: 'Someone Else' }),
    },
    changePassword: {
      async succeeds() {
        const { cookie, password: current } = await joined();
        return { cookie, body: { current, password: 'another good sentence' } };
      },
      shows: ({ headers }: Answer) => assert.match(headers['set-cookie']![0]!, /^tenantry=[\w-]{43};/),
    },
    changeEmail: {
      succeeds: async () => ({ cookie: (await joined()).cookie, body: { email: 'Changed@example.org' } }),
      shows: is({ email: 'changed@example.org' }),
    },
    withdrawEmailChange: { succeeds: async () => ({ cookie: (await joined()).cookie }), shows: isEmpty },
    beginTotp: {
      succeeds: async () => ({ cookie: (await joined()).cookie }),
      shows: ({ body }: Answer) =>
        assert.match(String(body['uri']), /^otpauth:\/\/totp\/Tenantry:joined\d+%40example\.org\?/),
    },
    confirmTotp: {
      async succeeds() {
        const account = await joined();
        account.secret = (await account.ask<{ secret: string }>('POST', '/api/v1/account/totp')).body.secret;
        return { cookie: account.cookie, body: { code: await account.code() } };
      },
      shows: ({ body }: Answer) => assert.equal((body['recoveryCodes'] as string[]).length, 10),
    },
    removeTotp: { succeeds: async () => ({ cookie: (await withTotp()).cookie }), shows: isEmpty },
    renewRecoveryCodes: {
      succeeds: async () => ({ cookie: (await withTotp()).cookie }),
      shows: ({ body }: Answer) => {
        const codes = body['codes'] as string[];
        assert.equal(new Set(codes).size, 10);
        assert.ok(codes.every((code) => /^[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}$/.test(code)));
      },
    },
    offerPasskey: {
      succeeds: async () => ({ cookie: (await joined()).cookie }),
      shows: is({ rp: { id: 'localhost', name: 'Tenantry' }, authenticatorSelection: { residentKey: 'required' } }),
    },
    addPasskey: {
      async succeeds() {
        const account = await joined();
        const { body } = await account.ask<PasskeyCreationOptions>('POST', '/api/v1/account/passkeys/options');
        return { cookie: account.cookie, body: { passkey: account.authenticator.create(body) } };
      },
      shows: is({ passkey: { name: 'A program', isSynced: false } }),
    },
    updatePasskey: {
      async succeeds() {
        const { account, passkeyId } = await withPasskey();
        return { cookie: account.cookie, params: { passkeyId }, body: { name: 'Blue key' } };
      },
      shows: is({ name: 'Blue key' }),
    },
    removePasskey: {
      async succeeds() {
        const { account, passkeyId } = await withPasskey();
        return { cookie: account.cookie, params: { passkeyId } };
      },
      shows: isEmpty,
    },

    checkLink: {
      async succeeds() {
        const { link } = await invited();
        return { body: { token: link!.split('#')[1] }, cookie: null };
      },
      shows: is({ purpose: 'invitation', name: 'Ada' }),
    },
    acceptInvitation: {
      async succeeds() {
        const token = (await invited()).link!.split('#')[1];
        return { body: { token, password: 'a sentence of my own' }, cookie: null };
      },
      shows: is({ user: { name: 'Ada', role: 'none' }, permissions: [], mustSetUp: null }),
    },
    resetPassword: {
      async succeeds() {
        const token = await tokenFor((await joined()).userId, 'password_reset');
        return { body: { token, password: 'a new sentence of mine' }, cookie: null };
      },
      shows: isEmpty,
    },
    confirmEmail: {
      async succeeds() {
        const { em, platform } = world.api.installation;
        const wanted = { userId: (await joined()).userId, email: 'confirmed@example.org' };
        const { token } = await makeMailChangeLink(em, platform.installation.keyring, wanted);
        return { body: { token }, cookie: null };
      },
      shows: isEmpty,
    },
    askForPasswordReset: {
      succeeds: async () => ({ body: { email: 'nobody@example.org' }, cookie: null }),
      shows: is({}),
    },

    listPeople: {
      succeeds: async () => ({}),
      shows: ({ body }: Answer) => assert.ok((body['items'] as unknown[]).length > 0),
    },
    readPerson: {
      succeeds: async () => ({ params: { userId: (await withTotp()).userId } }),
      shows: is({ state: 'active', totp: true, passkeys: 0, recoveryCodesLeft: 10 }),
    },
    invitePerson: {
      succeeds: async () => ({
        body: { email: 'Grace@example.org', roles: [{ role: 'support', scope: { kind: 'platform' } }] },
      }),
      shows(answer: Answer) {
        is({ person: { email: 'grace@example.org', state: 'invited' } })(answer);
        assert.match(String(answer.body['link']), /^http:\/\/localhost:4400\/accept-invitation#[\w-]{32}$/);
      },
    },
    inviteAgain: {
      succeeds: async () => ({ params: { userId: (await invited()).person.id } }),
      shows: ({ body }: Answer) => assert.match(String(body['link']), /#[\w-]{32}$/),
    },
    withdrawInvitation: {
      succeeds: async () => ({ params: { userId: (await invited()).person.id } }),
      shows: isEmpty,
    },
    disablePerson: {
      succeeds: async () => ({ params: { userId: (await joined()).userId } }),
      shows: is({ state: 'disabled' }),
    },
    enablePerson: {
      async succeeds() {
        const { userId } = await joined();
        await world.api.ask('POST', `/api/v1/people/${userId}/disable`);
        return { params: { userId } };
      },
      shows: is({ state: 'active' }),
    },
    resetFactors: {
      succeeds: async () => ({ params: { userId: (await withTotp()).userId } }),
      shows: is({ totp: false, recoveryCodesLeft: 0 }),
    },
    sendPasswordReset: {
      succeeds: async () => ({ params: { userId: (await joined()).userId } }),
      shows: ({ body }: Answer) => assert.match(String(body['link']), /\/reset-password#[\w-]{32}$/),
    },
  } satisfies Record<string, RouteCase>;
}
