import { Approval } from '#contracts/approvals/approvals.ts';
import { withdrawApproval as withdraw } from '#domain/approvals/decideApproval.ts';
import { readApproval } from '#domain/approvals/viewApprovals.ts';
import { countApproval } from '#observability/metrics.ts';
import { ApprovalParams, defineRoute } from '../../route.ts';
import { onlookerOf } from './onlookerOf.ts';

export const withdrawApproval = defineRoute({
  method: 'post',
  path: '/api/v1/approvals/{approvalId}/withdrawal',
  summary: 'Take back what you asked for yourself',
  permission: 'signed-in',
  people: false,
  params: ApprovalParams,
  success: { status: 200, body: Approval },
  errors: ['not_found', 'approval_over'],
  async handle({ params: { approvalId }, actor, principal }, { em, platform, access }) {
    const onlooker = await onlookerOf(principal, access);
    await readApproval(em, platform, approvalId, onlooker); // what they do not see is not there
    await em.transactional((tx) => withdraw(tx, approvalId, onlooker.userId, actor));
    const approval = await readApproval(em, platform, approvalId, onlooker);
    countApproval(approval.act, 'withdrawn');
    return approval;
  },
});
