import { EvidencePage, EvidenceQuery } from '#contracts/backups/evidence.ts';
import { listEvidence as list } from '#domain/backups/evidence/viewEvidence.ts';
import { defineRoute } from '../../route.ts';

export const listEvidence = defineRoute({
  method: 'get',
  path: '/api/v1/evidence',
  summary: 'List the evidence that was signed',
  permission: 'backups:read',
  scope: 'reach',
  query: EvidenceQuery,
  success: { status: 200, body: EvidencePage },
  errors: [],
  handle: ({ query, reach }, { em }) => list(em, query, reach),
});
