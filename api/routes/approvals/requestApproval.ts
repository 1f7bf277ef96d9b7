import { Approval, RequestToApprove } from '#contracts/approvals/approvals.ts';
import { requestApproval as request } from '#domain/approvals/requestApproval.ts';
import { readApproval } from '#domain/approvals/viewApprovals.ts';
import { countApproval } from '#observability/metrics.ts';
import { defineRoute } from '../../route.ts';
import { onlookerOf } from './onlookerOf.ts';

/** Judged like the request itself: who could not send it cannot have it approved either. */
export const requestApproval = defineRoute({
  method: 'post',
  path: '/api/v1/approvals',
  summary: 'Ask others to approve one exact request',
  permission: 'signed-in',
  people: false,
  body: RequestToApprove,
  success: { status: 201, body: Approval },
  errors: ['not_found', 'forbidden', 'approval_not_needed', 'too_many_requests'],
  async handle({ body: { reason, ...asked }, actor, principal }, { em, platform, judge, access }) {
    const onlooker = await onlookerOf(principal, access);
    const judged = await judge({ ...asked, body: asked.body });
    const asSent = { method: asked.method, path: asked.path, body: asked.body ?? null };
    const id = await em.transactional((tx) =>
      request(tx, platform, { ...judged, asSent, reason }, onlooker.userId, actor),
    );
    countApproval(judged.act, 'requested');
    return readApproval(em, platform, id, onlooker);
  },
});
