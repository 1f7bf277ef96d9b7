import { listRoles } from '../routes/roles/listRoles.ts';
import { createRole } from '../routes/roles/createRole.ts';
import { changeRole } from '../routes/roles/changeRole.ts';
import { deleteRole } from '../routes/roles/deleteRole.ts';
import { listRoleAssignments } from '../routes/roles/listRoleAssignments.ts';
import { assignRole } from '../routes/roles/assignRole.ts';
import { withdrawRole } from '../routes/roles/withdrawRole.ts';
import { listSupportAccesses } from '../routes/support/listSupportAccesses.ts';
import { askSupportAccess } from '../routes/support/askSupportAccess.ts';
import { breakGlass } from '../routes/support/breakGlass.ts';
import { enterSupport } from '../routes/support/enterSupport.ts';
import { leaveSupport } from '../routes/support/leaveSupport.ts';
import { endSupport } from '../routes/support/endSupport.ts';
import { readSupportConsent } from '../routes/support/readSupportConsent.ts';
import { answerSupportConsent } from '../routes/support/answerSupportConsent.ts';
import { listApprovals } from '../routes/approvals/listApprovals.ts';
import { requestApproval } from '../routes/approvals/requestApproval.ts';
import { readApproval } from '../routes/approvals/readApproval.ts';
import { decideApproval } from '../routes/approvals/decideApproval.ts';
import { withdrawApproval } from '../routes/approvals/withdrawApproval.ts';
import { listApprovalPolicies } from '../routes/approvals/listApprovalPolicies.ts';
import { updateApprovalPolicy } from '../routes/approvals/updateApprovalPolicy.ts';
import { listApiKeys } from '../routes/apiKeys/listApiKeys.ts';
import { createApiKey } from '../routes/apiKeys/createApiKey.ts';
import { readOwnApiKey } from '../routes/apiKeys/readOwnApiKey.ts';
import { readApiKey } from '../routes/apiKeys/readApiKey.ts';
import { rotateApiKey } from '../routes/apiKeys/rotateApiKey.ts';
import { revokeApiKey } from '../routes/apiKeys/revokeApiKey.ts';
import { listAuditEntries } from '../routes/audit/listAuditEntries.ts';
import { exportAuditEntries } from '../routes/audit/exportAuditEntries.ts';
import { readAuditVerification } from '../routes/audit/readAuditVerification.ts';
import { startAuditVerification } from '../routes/audit/startAuditVerification.ts';
import { listAuditKeys } from '../routes/audit/listAuditKeys.ts';

/** Who may do what, and what was done. */
export const accessRoutes = {
  listRoles,
  createRole,
  changeRole,
  deleteRole,
  listRoleAssignments,
  assignRole,
  withdrawRole,
  listSupportAccesses,
  askSupportAccess,
  breakGlass,
  enterSupport,
  leaveSupport,
  endSupport,
  readSupportConsent,
  answerSupportConsent,
  listApprovals,
  requestApproval,
  readApproval,
  decideApproval,
  withdrawApproval,
  listApprovalPolicies,
  updateApprovalPolicy,
  listApiKeys,
  createApiKey,
  readOwnApiKey,
  readApiKey,
  rotateApiKey,
  revokeApiKey,
  listAuditEntries,
  exportAuditEntries,
  readAuditVerification,
  startAuditVerification,
  listAuditKeys,
};
