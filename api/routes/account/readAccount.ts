import { Account } from '#contracts/identity/account.ts';
import { viewAccount } from '#domain/people/account.ts';
import { defineRoute } from '../../route.ts';
import { sessionOf } from '../session/sessionOf.ts';

export const readAccount = defineRoute({
  method: 'get',
  path: '/api/v1/account',
  summary: 'Oneself, with everything that opens the sign-in',
  permission: 'signed-in',
  beforeSetUp: true,
  success: { status: 200, body: Account },
  errors: [],
  handle: ({ signedIn }, { em, realm }) => viewAccount(em, realm, sessionOf(signedIn).userId),
});
