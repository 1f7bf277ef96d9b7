import type { ApprovalPolicies } from '#contracts/approvals/approvals.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => ({
  policies: (await read<ApprovalPolicies>(event, '/api/v1/approval-policies')).items,
});
