import assert from 'node:assert/strict';
import type { PersonInvited } from '#contracts/identity/people.ts';
import { TestAccount } from '../signIn/testAccount.ts';
import type { Answer } from '../apiInstallation.ts';
import type { RouteCase, World } from './routeCases.ts';

const isEmpty = ({ text }: Answer) => assert.equal(text, '');
const is = (expected: object) => (answer: Answer) =>
  assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);

/** What the platform's people do with each other's sign-in. */
export function peopleCases(world: World) {
  const joined = () => TestAccount.join(world.api);
  const withTotp = async () => {
    const account = await joined();
    await account.addTotp();
    return account;
  };
  const invited = async () => {
    const body = { email: `invited${Math.random()}@example.org`.toLowerCase(), name: 'Ada' };
    return (await world.api.ask<PersonInvited>('POST', '/api/v1/people', { body })).body;
  };

  return {
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
