import { EvidenceFile, NewEvidence } from '#contracts/backups/evidence.ts';
import { issueEvidence as issue } from '#domain/backups/evidence/issueEvidence.ts';
import { defineRoute } from '../../route.ts';

/** Whoever may read it may have it signed: it says nothing else. */
export const issueEvidence = defineRoute({
  method: 'post',
  path: '/api/v1/evidence',
  summary: 'Sign what is known of backups, drills and restores in a time, for auditors',
  permission: 'backups:read',
  scope: 'reach',
  rate: { perSecond: 0.2, burst: 10 },
  body: NewEvidence,
  idempotent: true,
  success: { status: 201, body: EvidenceFile },
  errors: ['invalid_request', 'not_found', 'forbidden', 'evidence_too_large'],
  handle: ({ body, reach, actor }, { once, platform }) =>
    once((em) => issue(em, platform.installation, body, { reach, actor })),
});
