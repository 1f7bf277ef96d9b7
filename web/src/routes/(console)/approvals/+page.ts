import { approvalViews, type ApprovalPage } from '#contracts/approvals/approvals.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

/** What waits for whoever looks, unless something else is asked for. */
export const load: PageLoad = async (event) => {
  const asked = event.url.searchParams;
  const view = approvalViews.find((one) => one === asked.get('view')) ?? 'to_decide';
  const approvals = await read<ApprovalPage>(event, `/api/v1/approvals${query({ view, cursor: asked.get('cursor') })}`);
  return { view, approvals };
};
