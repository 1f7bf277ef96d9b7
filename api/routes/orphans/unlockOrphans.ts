import { OrphanPage, Reconciliation } from '#contracts/findings/orphans.ts';
import { listOrphans } from '#domain/orphans/listOrphans.ts';
import { unlockSweep } from '#domain/orphans/sweepLock.ts';
import { defineRoute } from '../../route.ts';

export const unlockOrphans = defineRoute({
  method: 'post',
  path: '/api/v1/orphans/unlock',
  summary: 'Say that the registry was reconciled with reality, so that removals may be approved again',
  permission: 'orphans:remove',
  body: Reconciliation,
  success: { status: 200, body: OrphanPage },
  errors: [],
  handle: ({ body, actor }, { em }) =>
    em.transactional(async (tx) => {
      await unlockSweep(tx, body.reason, actor);
      return listOrphans(tx, { limit: 50 });
    }),
});
