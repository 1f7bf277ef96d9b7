import { Approval, Verdict } from '#contracts/approvals/approvals.ts';
import { DomainError } from '#contracts/errors.ts';
import { decideApproval as decide } from '#domain/approvals/decideApproval.ts';
import { readApproval } from '#domain/approvals/viewApprovals.ts';
import { countApproval } from '#observability/metrics.ts';
import { ApprovalParams, defineRoute } from '../../route.ts';
import { onlookerOf } from './onlookerOf.ts';

/** By a person, not by a key: whoever approves has looked at it. */
export const decideApproval = defineRoute({
  method: 'post',
  path: '/api/v1/approvals/{approvalId}/decisions',
  summary: 'Approve or refuse what somebody else asks for',
  permission: 'approvals:decide',
  people: true,
  stepUp: true,
  scope: 'anywhere',
  params: ApprovalParams,
  body: Verdict,
  success: { status: 200, body: Approval },
  errors: ['not_found', 'approval_own', 'approval_decided', 'approval_over'],
  async handle({ params: { approvalId }, body, actor, principal }, { em, platform, access }) {
    const onlooker = await onlookerOf(principal, access);
    if (principal?.limits) throw new DomainError('forbidden', 'Only a person who is signed in as themselves approves.');
    await em.transactional((tx) => decide(tx, platform, approvalId, body, onlooker.userId, actor));
    const approval = await readApproval(em, platform, approvalId, onlooker);
    countApproval(approval.act, body.verdict === 'approve' ? 'approved' : 'refused');
    return approval;
  },
});
