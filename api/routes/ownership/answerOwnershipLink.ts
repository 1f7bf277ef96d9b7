import { OwnershipAnswer, OwnershipQuestion } from '#contracts/life/ownership.ts';
import { answerByLink, viewQuestion } from '#domain/ownership/answerOwnership.ts';
import { defineRoute } from '../../route.ts';

export const answerOwnershipLink = defineRoute({
  method: 'post',
  path: '/api/v1/ownership-links/answer',
  summary: 'Agree to what a link asks, or decline it',
  permission: 'public',
  rate: { perSecond: 1, burst: 20 },
  body: OwnershipAnswer,
  success: { status: 200, body: OwnershipQuestion },
  errors: ['link_invalid', 'ownership_over'],
  async handle({ body, actor }, { em, platform, workflows }) {
    const { workflowId } = await em.transactional((tx) => answerByLink(tx, body, actor));
    await workflows.wake(workflowId);
    return em.transactional((tx) => viewQuestion(tx, platform, body.token));
  },
});
