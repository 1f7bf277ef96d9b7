import type { OwnershipChanges } from '#contracts/life/ownership.ts';
import type { Members } from '#contracts/portal/members.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

const mostToChoose = 200;

export const load: PageLoad = async (event) => {
  const { door, session } = await event.parent();
  const mayOffer = session.permissions.includes('ownership:transfer');
  const [changes, members] = await Promise.all([
    read<OwnershipChanges>(event, `${door.api}/ownership`),
    mayOffer
      ? read<Members>(event, `${door.api}/members${query({ state: 'active', limit: mostToChoose })}`)
      : { items: [] },
  ]);
  return { changes: changes.items, members: members.items, mayOffer };
};
