import { Acceptance } from '#contracts/findings/drift.ts';
import { DomainError } from '#contracts/errors.ts';
import { OrphanFinding } from '#contracts/findings/orphans.ts';
import { viewOrphans } from '#domain/orphans/listOrphans.ts';
import { acceptOrphan as accept } from '#domain/orphans/removeOrphan.ts';
import { defineRoute, FindingParams } from '../../route.ts';

export const acceptOrphan = defineRoute({
  method: 'post',
  path: '/api/v1/orphans/findings/{findingId}/accept',
  summary: 'Let an orphan be until a day',
  permission: 'orphans:remove',
  params: FindingParams,
  body: Acceptance,
  success: { status: 200, body: OrphanFinding },
  errors: ['not_found', 'finding_closed'],
  handle: ({ params, body, actor }, { em }) =>
    em.transactional(async (tx) => {
      await accept(tx, params.findingId, body, actor);
      const [finding] = await viewOrphans(tx, [params.findingId]);
      if (!finding) throw new DomainError('not_found', 'There is no such finding.');
      return finding;
    }),
});
