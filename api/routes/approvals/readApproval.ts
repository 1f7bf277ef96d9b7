import { Approval } from '#contracts/approvals/approvals.ts';
import { readApproval as read } from '#domain/approvals/viewApprovals.ts';
import { ApprovalParams, defineRoute } from '../../route.ts';
import { onlookerOf } from './onlookerOf.ts';

export const readApproval = defineRoute({
  method: 'get',
  path: '/api/v1/approvals/{approvalId}',
  summary: 'One request, exactly as it would be carried out, and who said what about it',
  permission: 'signed-in',
  people: false,
  params: ApprovalParams,
  success: { status: 200, body: Approval },
  errors: ['not_found'],
  async handle({ params, principal }, { em, platform, access }) {
    return read(em, platform, params.approvalId, await onlookerOf(principal, access));
  },
});
