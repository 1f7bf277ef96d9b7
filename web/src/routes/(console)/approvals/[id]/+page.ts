import type { Approval } from '#contracts/approvals/approvals.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => ({
  approval: await read<Approval>(event, `/api/v1/approvals/${event.params.id}`),
});
