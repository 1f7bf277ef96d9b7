import { redirect } from '@sveltejs/kit';
import type { Account } from '#contracts/identity/account.ts';
import type { OwnSession } from '#contracts/identity/signIn.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

/** Oneself, which nobody is who acts for somebody else. */
export const load: PageLoad = async (event) => {
  const { door, session } = await event.parent();
  if (session.kind !== 'member') redirect(303, door.home);
  const [account, sessions] = await Promise.all([
    read<Account>(event, `${door.api}/account`),
    read<{ items: OwnSession[] }>(event, `${door.api}/sessions`),
  ]);
  return { account, sessions: sessions.items };
};
