import type { SupportAccessPage } from '#contracts/support/supportAccess.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const asked = event.url.searchParams;
  const state = asked.get('state') === 'running' ? 'running' : '';
  return {
    state,
    support: await read<SupportAccessPage>(
      event,
      `/api/v1/support-accesses${query({ state, cursor: asked.get('cursor') })}`,
    ),
  };
};
