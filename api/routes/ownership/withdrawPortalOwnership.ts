import { withdrawAtPortal } from '#domain/ownership/askOwnership.ts';
import { PortalParams } from '../../portals/atPortal.ts';
import { defineRoute } from '../../route.ts';

export const withdrawPortalOwnership = defineRoute({
  method: 'delete',
  path: '/api/v1/portals/{slug}/ownership',
  summary: 'Take back the question who is to own this tenant',
  permission: 'portal',
  portal: 'ownership:transfer',
  stepUp: true,
  params: PortalParams,
  success: { status: 204 },
  errors: ['not_found', 'run_not_cancellable'],
  async handle({ actor }, { em, door, workflows }) {
    const run = await em.transactional((tx) => withdrawAtPortal(tx, door.tenantId, actor));
    await workflows.deliverCancel(run);
  },
});
