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

/** Who is told to be signed in; portals say besides as whom. */
const sessionIn = ({ body }: Answer): Record<string, unknown> => (body['session'] ?? body) as Record<string, unknown>;
const told = (expected: object) => (answer: Answer) =>
  assert.partialDeepStrictEqual(sessionIn(answer), expected as Record<string, unknown>);

/** Signing in by steps, and what people do with their own sign-in. */
export function identityCases(world: World) {
  return signInCases(world, {
    prefix: () => '/api/v1',
    name: 'Tenantry',
    join: () => TestAccount.join(world.api),
    async invite() {
      const body = { email: `invited${Math.random()}@example.org`.toLowerCase(), name: 'Ada' };
      return (await world.api.ask<PersonInvited>('POST', '/api/v1/people', { body })).body.link!.split('#')[1]!;
    },
  });
}

/** Where it is done: on the platform or at a portal, by the same code and so by the same cases. */
export interface SignInPlace {
  /** Asked for when a case is, since the tenant is not there before. */
  prefix(): string;
  /** In authenticator apps. */
  name: string;
  join(): Promise<TestAccount>;
  /** The token of somebody's invitation, who is called Ada. */
  invite(): Promise<string>;
}

export function signInCases(world: World, { prefix, name, join: joined, invite }: SignInPlace) {
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
  return {
    answerSecondFactor: {
      async succeeds() {
        const account = await withTotp();
        const { answer, cookie } = await account.enterPassword();
        assert.equal(answer.status, 202);
        assert.deepEqual(answer.body['factors'], ['totp', 'recovery_code']);
        return { body: { code: await account.code() }, cookie };
      },
      shows: ({ headers }: Answer) =>
        assert.match(headers['set-cookie']![0]!, /^tenantry(?:-portal-\w{26})?=[\w-]{43};/),
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
        const asked = await world.api.ask<PasskeyRequestOptions>('POST', `${prefix()}/session/passkey/options`, {
          cookie: null,
        });
        return { body: { passkey: account.authenticator.get(asked.body) }, cookie: cookiesOf(asked as Answer<never>) };
      },
      shows: told({ factors: { totp: false, passkeys: 1, recoveryCodesLeft: 10 } }),
    },
    confirmSession: {
      async succeeds() {
        const { cookie, password } = await joined();
        return { cookie, body: { password } };
      },
      shows: (answer: Answer) =>
        assert.ok(Date.parse(sessionIn(answer)['authenticatedAt'] as string) > Date.now() - 10_000),
    },
    askForConfirmation: {
      succeeds: async () => ({ cookie: (await withPasskey()).account.cookie }),
      shows: is({ userVerification: 'required' }),
    },
    listSessions: {
      succeeds: async () => ({ cookie: (await joined()).cookie }),
      shows: ({ body }: Answer) => {
        const items = body['items'] as { isCurrent: boolean; device: string }[];
        assert.equal(items.filter(({ isCurrent }) => isCurrent).length, 1);
      },
    },
    revokeSession: {
      async succeeds() {
        const account = await joined();
        await account.enterPassword();
        const { body } = await account.ask<{ items: { id: string; isCurrent: boolean }[] }>(
          'GET',
          `${prefix()}/sessions`,
        );
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
      shows: ({ headers }: Answer) =>
        assert.match(headers['set-cookie']![0]!, /^tenantry(?:-portal-\w{26})?=[\w-]{43};/),
    },
    changeEmail: {
      succeeds: async () => ({ cookie: (await joined()).cookie, body: { email: 'Changed@example.org' } }),
      shows: is({ email: 'changed@example.org' }),
    },
    withdrawEmailChange: { succeeds: async () => ({ cookie: (await joined()).cookie }), shows: isEmpty },
    beginTotp: {
      succeeds: async () => ({ cookie: (await joined()).cookie }),
      shows: ({ body }: Answer) =>
        assert.match(
          decodeURIComponent(String(body['uri'])),
          new RegExp(`^otpauth://totp/${name}:joined\\d+@example\\.org\\?`),
        ),
    },
    confirmTotp: {
      async succeeds() {
        const account = await joined();
        account.secret = (await account.ask<{ secret: string }>('POST', `${prefix()}/account/totp`)).body.secret;
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
      shows: is({ rp: { id: 'localhost', name }, authenticatorSelection: { residentKey: 'required' } }),
    },
    addPasskey: {
      async succeeds() {
        const account = await joined();
        const { body } = await account.ask<PasskeyCreationOptions>('POST', `${prefix()}/account/passkeys/options`);
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
        return { body: { token: await invite() }, cookie: null };
      },
      shows: is({ purpose: 'invitation', name: 'Ada' }),
    },
    acceptInvitation: {
      async succeeds() {
        const token = await invite();
        return { body: { token, password: 'a sentence of my own' }, cookie: null };
      },
      shows: told({ user: { name: 'Ada' }, mustSetUp: null }),
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
  } satisfies Record<string, RouteCase>;
}
