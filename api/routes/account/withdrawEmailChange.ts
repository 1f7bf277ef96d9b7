import { withdrawMailChange } from '#domain/people/account.ts';
import { defineRoute } from '../../route.ts';
import { sessionOf } from '../session/sessionOf.ts';

export const withdrawEmailChange = defineRoute({
  method: 'delete',
  path: '/api/v1/account/email',
  summary: 'Keep the e-mail address: the link that went to the new one ends',
  permission: 'signed-in',
  beforeSetUp: true,
  success: { status: 204 },
  errors: [],
  async handle({ signedIn, actor }, { em }) {
    const { userId } = sessionOf(signedIn);
    await em.transactional((tx) => withdrawMailChange(tx, userId, actor));
  },
});
