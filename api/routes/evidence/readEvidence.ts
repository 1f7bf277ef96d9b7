import { z } from 'zod';
import { EvidenceFile } from '#contracts/backups/evidence.ts';
import { viewEvidence } from '#domain/backups/evidence/viewEvidence.ts';
import { defineRoute } from '../../route.ts';

export const readEvidence = defineRoute({
  method: 'get',
  path: '/api/v1/evidence/{evidenceId}',
  summary: 'The signed evidence, with the keys that verify it',
  permission: 'backups:read',
  scope: 'reach',
  params: z.strictObject({ evidenceId: z.uuid() }),
  success: { status: 200, body: EvidenceFile },
  errors: ['not_found'],
  handle: ({ params, reach }, { em }) => viewEvidence(em, params.evidenceId, reach),
});
