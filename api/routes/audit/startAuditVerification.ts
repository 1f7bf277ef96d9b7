import { AuditVerification } from '#contracts/audit/audit.ts';
import { askForVerification, viewVerification } from '#domain/audit/reading/verifications.ts';
import { defineRoute } from '../../route.ts';

export const startAuditVerification = defineRoute({
  method: 'post',
  path: '/api/v1/audit/verification',
  summary: 'Have all chains verified now, by a worker',
  permission: 'audit:read',
  success: { status: 202, body: AuditVerification },
  errors: [],
  async handle({ actor }, { em, platform }) {
    await em.transactional((tx) => askForVerification(tx, actor));
    return viewVerification(em, platform.configuration.audit.verifyHours);
  },
});
