import { Acceptance, DriftFinding } from '#contracts/findings/drift.ts';
import { DomainError } from '#contracts/errors.ts';
import { acceptFinding } from '#domain/drift/acceptFinding.ts';
import { viewFindings } from '#domain/drift/listFindings.ts';
import { defineRoute, FindingParams } from '../../route.ts';

export const acceptDriftFinding = defineRoute({
  method: 'post',
  path: '/api/v1/drift/findings/{findingId}/accept',
  summary: 'Let a difference be until a day',
  permission: 'drift:repair',
  scope: 'finding',
  params: FindingParams,
  body: Acceptance,
  success: { status: 200, body: DriftFinding },
  errors: ['not_found', 'finding_closed'],
  handle: ({ params, body, actor }, { em }) =>
    em.transactional(async (tx) => {
      await acceptFinding(tx, params.findingId, body, actor);
      const [finding] = await viewFindings(tx, [params.findingId]);
      if (!finding) throw new DomainError('not_found', 'There is no such finding.');
      return finding;
    }),
});
