import { portalRoles } from '#contracts/portal/permissions.ts';
import type { Members } from '#contracts/portal/members.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

const states: readonly string[] = ['invited', 'active', 'disabled'];

/** The address is the whole state of the list; what in it makes no sense is as if it were not there. */
export const load: PageLoad = async (event) => {
  const { door } = await event.parent();
  const asked = event.url.searchParams;
  const role = asked.get('role') ?? '';
  const state = asked.get('state') ?? '';
  const filter = {
    search: (asked.get('search') ?? '').trim().slice(0, 100),
    role: (portalRoles as readonly string[]).includes(role) ? role : '',
    state: states.includes(state) ? state : '',
  };
  const members = await read<Members>(event, `${door.api}/members${query({ ...filter, cursor: asked.get('cursor') })}`);
  return { filter, members };
};
