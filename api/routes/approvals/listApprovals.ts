import { ApprovalPage, ApprovalQuery } from '#contracts/approvals/approvals.ts';
import { listApprovals as list } from '#domain/approvals/viewApprovals.ts';
import { defineRoute } from '../../route.ts';
import { onlookerOf } from './onlookerOf.ts';

export const listApprovals = defineRoute({
  method: 'get',
  path: '/api/v1/approvals',
  summary: 'What waits for your approval, what you asked for, and what was decided',
  permission: 'signed-in',
  people: false,
  query: ApprovalQuery,
  success: { status: 200, body: ApprovalPage },
  errors: [],
  async handle({ query, principal }, { em, platform, access }) {
    return list(em, platform, query, await onlookerOf(principal, access));
  },
});
