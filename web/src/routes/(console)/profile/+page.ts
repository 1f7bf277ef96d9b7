import type { Account } from '#contracts/identity/account.ts';
import type { OwnSession } from '#contracts/identity/signIn.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const [account, sessions] = await Promise.all([
    read<Account>(event, '/api/v1/account'),
    read<{ items: OwnSession[] }>(event, '/api/v1/sessions'),
  ]);
  return { account, sessions: sessions.items };
};
