import { isDangerousAct, type DangerousAct } from '#contracts/approvals/acts.ts';
import { ApprovalPolicy, ApprovalPolicyChange, ApprovalPolicyParams } from '#contracts/approvals/approvals.ts';
import { DomainError } from '#contracts/errors.ts';
import { changePolicy, requiredToChange } from '#domain/approvals/policies.ts';
import { defineRoute } from '../../route.ts';

export const updateApprovalPolicy = defineRoute({
  method: 'patch',
  path: '/api/v1/approval-policies/{act}',
  summary: 'Choose how many must approve a dangerous act',
  permission: 'approvals:configure',
  people: true,
  stepUp: true,
  approval: {
    act: 'change_approvals',
    required: async ({ params, body }, em) => requiredToChange(em, known(params.act), body),
  },
  params: ApprovalPolicyParams,
  body: ApprovalPolicyChange,
  success: { status: 200, body: ApprovalPolicy },
  errors: ['not_found', 'approvers_too_few', 'approval_policy_moved'],
  async handle({ params, body, actor }, { em }) {
    return em.transactional((tx) => changePolicy(tx, known(params.act), body, actor));
  },
});

function known(act: string): DangerousAct {
  if (!isDangerousAct(act)) throw new DomainError('not_found', 'There is no such act.');
  return act;
}
