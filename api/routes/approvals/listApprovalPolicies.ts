import { ApprovalPolicies } from '#contracts/approvals/approvals.ts';
import { listPolicies } from '#domain/approvals/policies.ts';
import { defineRoute } from '../../route.ts';

export const listApprovalPolicies = defineRoute({
  method: 'get',
  path: '/api/v1/approval-policies',
  summary: 'How many must approve which dangerous act',
  permission: 'approvals:read',
  success: { status: 200, body: ApprovalPolicies },
  errors: [],
  handle: async (_input, { em }) => ({ items: await listPolicies(em) }),
});
