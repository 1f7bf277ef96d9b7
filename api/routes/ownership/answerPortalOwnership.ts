import { OwnershipAnswer } from '#contracts/life/ownership.ts';
import { answerAtPortal } from '#domain/ownership/answerOwnership.ts';
import { PortalParams } from '../../portals/atPortal.ts';
import { defineRoute } from '../../route.ts';

export const answerPortalOwnership = defineRoute({
  method: 'post',
  path: '/api/v1/portals/{slug}/ownership/answer',
  summary: 'Agree to own this tenant, or that somebody else does, or decline it',
  permission: 'portal',
  portal: 'signed-in',
  stepUp: true,
  params: PortalParams,
  body: OwnershipAnswer.pick({ answer: true }),
  success: { status: 204 },
  errors: ['not_found', 'ownership_over'],
  async handle({ body: { answer }, signedIn, actor }, { em, door, workflows }) {
    const who = { tenantId: door.tenantId, userId: signedIn?.userId ?? '', answer };
    const { workflowId } = await em.transactional((tx) => answerAtPortal(tx, who, actor));
    await workflows.wake(workflowId);
  },
});
