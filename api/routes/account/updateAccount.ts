import { Account, AccountChange } from '#contracts/identity/account.ts';
import { renameAccount, viewAccount } from '#domain/people/account.ts';
import { defineRoute } from '../../route.ts';
import { sessionOf } from '../session/sessionOf.ts';

export const updateAccount = defineRoute({
  method: 'patch',
  path: '/api/v1/account',
  summary: 'Change how others see one',
  permission: 'signed-in',
  beforeSetUp: true,
  body: AccountChange,
  success: { status: 200, body: Account },
  errors: [],
  async handle({ body, signedIn, actor }, { em, realm, sessions }) {
    const { userId } = sessionOf(signedIn);
    await em.transactional((tx) => renameAccount(tx, realm, userId, body.name, actor));
    await sessions.changed();
    return viewAccount(em, realm, userId);
  },
});
