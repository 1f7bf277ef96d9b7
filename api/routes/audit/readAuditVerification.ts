import { AuditVerification } from '#contracts/audit/audit.ts';
import { viewVerification } from '#domain/audit/reading/verifications.ts';
import { defineRoute } from '../../route.ts';

export const readAuditVerification = defineRoute({
  method: 'get',
  path: '/api/v1/audit/verification',
  summary: 'Read what the latest verification of all chains found, and when that was',
  permission: 'audit:read',
  success: { status: 200, body: AuditVerification },
  errors: [],
  handle: (_input, { em, platform }) => viewVerification(em, platform.configuration.audit.verifyHours),
});
