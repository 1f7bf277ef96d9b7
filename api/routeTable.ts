import { exportAuditEntries } from './routes/audit/exportAuditEntries.ts';
import { listAuditEntries } from './routes/audit/listAuditEntries.ts';
import { listAuditKeys } from './routes/audit/listAuditKeys.ts';
import { readAuditVerification } from './routes/audit/readAuditVerification.ts';
import { startAuditVerification } from './routes/audit/startAuditVerification.ts';
import { acceptOrphan } from './routes/orphans/acceptOrphan.ts';
import { listOrphans } from './routes/orphans/listOrphans.ts';
import { removeOrphan } from './routes/orphans/removeOrphan.ts';
import { startOrphanSweep } from './routes/orphans/startOrphanSweep.ts';
import { unlockOrphans } from './routes/orphans/unlockOrphans.ts';
import { acceptDriftFinding } from './routes/drift/acceptDriftFinding.ts';
import { listDriftFindings } from './routes/drift/listDriftFindings.ts';
import { repairDriftFinding } from './routes/drift/repairDriftFinding.ts';
import { startDriftCheck } from './routes/drift/startDriftCheck.ts';
import { decodeHistory } from './routes/codec/decodeHistory.ts';
import { encodeAnswer } from './routes/codec/encodeAnswer.ts';
import { checkBlueprint } from './routes/blueprints/checkBlueprint.ts';
import { createBlueprintVersion } from './routes/blueprints/createBlueprintVersion.ts';
import { listBlueprints } from './routes/blueprints/listBlueprints.ts';
import { readBlueprint } from './routes/blueprints/readBlueprint.ts';
import { readBlueprintVersion } from './routes/blueprints/readBlueprintVersion.ts';
import { readLiveness } from './routes/health/readLiveness.ts';
import { readReadiness } from './routes/health/readReadiness.ts';
import { createPlan } from './routes/plans/createPlan.ts';
import { listPlans } from './routes/plans/listPlans.ts';
import { updatePlan } from './routes/plans/updatePlan.ts';
import { closeCircuit } from './routes/platform/closeCircuit.ts';
import { pauseProvisioning } from './routes/platform/pauseProvisioning.ts';
import { readIssuer } from './routes/portal/readIssuer.ts';
import { readIssuerKeys } from './routes/portal/readIssuerKeys.ts';
import { listNotificationTargets } from './routes/notifications/listNotificationTargets.ts';
import { createNotificationTarget } from './routes/notifications/createNotificationTarget.ts';
import { updateNotificationTarget } from './routes/notifications/updateNotificationTarget.ts';
import { deleteNotificationTarget } from './routes/notifications/deleteNotificationTarget.ts';
import { testNotificationTarget } from './routes/notifications/testNotificationTarget.ts';
import { confirmCluster } from './routes/platform/confirmCluster.ts';
import { readPlatform } from './routes/platform/readPlatform.ts';
import { readPortalSession } from './routes/portal/readPortalSession.ts';
import { readPortal } from './routes/portal/readPortal.ts';
import { cancelRun } from './routes/runs/cancelRun.ts';
import { decideParkedRuns } from './routes/runs/decideParkedRuns.ts';
import { decideRun } from './routes/runs/decideRun.ts';
import { followRun } from './routes/runs/followRun.ts';
import { listRuns } from './routes/runs/listRuns.ts';
import { readRun } from './routes/runs/readRun.ts';
import { pauseRun } from './routes/runs/pauseRun.ts';
import { readStepInput } from './routes/runs/readStepInput.ts';
import { resumeRun } from './routes/runs/resumeRun.ts';
import { setRunBreakpoint } from './routes/runs/setRunBreakpoint.ts';
import { finishRunRollback } from './routes/runs/finishRunRollback.ts';
import { tryRunAgain } from './routes/runs/tryRunAgain.ts';
import { claimOwner } from './routes/session/claimOwner.ts';
import { createSession } from './routes/session/createSession.ts';
import { deleteSession } from './routes/session/deleteSession.ts';
import { readSession } from './routes/session/readSession.ts';
import { decideApproval } from './routes/approvals/decideApproval.ts';
import { listApprovalPolicies } from './routes/approvals/listApprovalPolicies.ts';
import { listApprovals } from './routes/approvals/listApprovals.ts';
import { readApproval } from './routes/approvals/readApproval.ts';
import { requestApproval } from './routes/approvals/requestApproval.ts';
import { updateApprovalPolicy } from './routes/approvals/updateApprovalPolicy.ts';
import { withdrawApproval } from './routes/approvals/withdrawApproval.ts';
import { answerSupportConsent } from './routes/support/answerSupportConsent.ts';
import { askSupportAccess } from './routes/support/askSupportAccess.ts';
import { breakGlass } from './routes/support/breakGlass.ts';
import { endSupport } from './routes/support/endSupport.ts';
import { enterSupport } from './routes/support/enterSupport.ts';
import { leaveSupport } from './routes/support/leaveSupport.ts';
import { listSupportAccesses } from './routes/support/listSupportAccesses.ts';
import { readSupportConsent } from './routes/support/readSupportConsent.ts';
import { assignTask } from './routes/tasks/assignTask.ts';
import { closeTask } from './routes/tasks/closeTask.ts';
import { listTasks } from './routes/tasks/listTasks.ts';
import { readTask } from './routes/tasks/readTask.ts';
import { createTenant } from './routes/tenants/createTenant.ts';
import { deleteTenant } from './routes/tenants/deleteTenant.ts';
import { listTenants } from './routes/tenants/listTenants.ts';
import { planTenant } from './routes/tenants/planTenant.ts';
import { readManifest } from './routes/tenants/readManifest.ts';
import { readTenant } from './routes/tenants/readTenant.ts';
import { updateTenant } from './routes/tenants/updateTenant.ts';
import { answerCallback } from './routes/outside/answerCallback.ts';
import { issueSigningSecret } from './routes/outside/issueSigningSecret.ts';
import { listSigningSecrets } from './routes/outside/listSigningSecrets.ts';
import { issueWorkerToken } from './routes/outside/issueWorkerToken.ts';
import { listWorkerTokens } from './routes/outside/listWorkerTokens.ts';
import { revokeWorkerToken } from './routes/outside/revokeWorkerToken.ts';
import { listRoles } from './routes/roles/listRoles.ts';
import { createRole } from './routes/roles/createRole.ts';
import { changeRole } from './routes/roles/changeRole.ts';
import { deleteRole } from './routes/roles/deleteRole.ts';
import { listRoleAssignments } from './routes/roles/listRoleAssignments.ts';
import { assignRole } from './routes/roles/assignRole.ts';
import { withdrawRole } from './routes/roles/withdrawRole.ts';
import { listApiKeys } from './routes/apiKeys/listApiKeys.ts';
import { createApiKey } from './routes/apiKeys/createApiKey.ts';
import { readOwnApiKey } from './routes/apiKeys/readOwnApiKey.ts';
import { readApiKey } from './routes/apiKeys/readApiKey.ts';
import { rotateApiKey } from './routes/apiKeys/rotateApiKey.ts';
import { revokeApiKey } from './routes/apiKeys/revokeApiKey.ts';
import { answerSecondFactor } from './routes/session/answerSecondFactor.ts';
import { askForSecondFactor } from './routes/session/askForSecondFactor.ts';
import { askForSignInPasskey } from './routes/session/askForSignInPasskey.ts';
import { signInByPasskey } from './routes/session/signInByPasskey.ts';
import { confirmSession } from './routes/session/confirmSession.ts';
import { askForConfirmation } from './routes/session/askForConfirmation.ts';
import { listSessions } from './routes/session/listSessions.ts';
import { revokeSession } from './routes/session/revokeSession.ts';
import { revokeOtherSessions } from './routes/session/revokeOtherSessions.ts';
import { readAccount } from './routes/account/readAccount.ts';
import { updateAccount } from './routes/account/updateAccount.ts';
import { changePassword } from './routes/account/changePassword.ts';
import { changeEmail } from './routes/account/changeEmail.ts';
import { withdrawEmailChange } from './routes/account/withdrawEmailChange.ts';
import { beginTotp } from './routes/account/beginTotp.ts';
import { confirmTotp } from './routes/account/confirmTotp.ts';
import { removeTotp } from './routes/account/removeTotp.ts';
import { renewRecoveryCodes } from './routes/account/renewRecoveryCodes.ts';
import { offerPasskey } from './routes/account/offerPasskey.ts';
import { addPasskey } from './routes/account/addPasskey.ts';
import { updatePasskey } from './routes/account/updatePasskey.ts';
import { removePasskey } from './routes/account/removePasskey.ts';
import { listPeople } from './routes/people/listPeople.ts';
import { invitePerson } from './routes/people/invitePerson.ts';
import { readPerson } from './routes/people/readPerson.ts';
import { inviteAgain } from './routes/people/inviteAgain.ts';
import { withdrawInvitation } from './routes/people/withdrawInvitation.ts';
import { disablePerson } from './routes/people/disablePerson.ts';
import { enablePerson } from './routes/people/enablePerson.ts';
import { resetFactors } from './routes/people/resetFactors.ts';
import { sendPasswordReset } from './routes/people/sendPasswordReset.ts';
import { checkLink } from './routes/links/checkLink.ts';
import { acceptInvitation } from './routes/links/acceptInvitation.ts';
import { resetPassword } from './routes/links/resetPassword.ts';
import { confirmEmail } from './routes/links/confirmEmail.ts';
import { askForPasswordReset } from './routes/links/askForPasswordReset.ts';

/** Every route there is, by its operation id. */
export const routeTable = {
  claimOwner,
  createSession,
  readSession,
  deleteSession,
  answerSecondFactor,
  askForSecondFactor,
  askForSignInPasskey,
  signInByPasskey,
  confirmSession,
  askForConfirmation,
  listSessions,
  revokeSession,
  revokeOtherSessions,
  readAccount,
  updateAccount,
  changePassword,
  changeEmail,
  withdrawEmailChange,
  beginTotp,
  confirmTotp,
  removeTotp,
  renewRecoveryCodes,
  offerPasskey,
  addPasskey,
  updatePasskey,
  removePasskey,
  listPeople,
  invitePerson,
  readPerson,
  inviteAgain,
  withdrawInvitation,
  disablePerson,
  enablePerson,
  resetFactors,
  sendPasswordReset,
  checkLink,
  acceptInvitation,
  resetPassword,
  confirmEmail,
  askForPasswordReset,
  listRoles,
  createRole,
  changeRole,
  deleteRole,
  listRoleAssignments,
  assignRole,
  withdrawRole,
  listPlans,
  createPlan,
  updatePlan,
  listBlueprints,
  checkBlueprint,
  readBlueprint,
  readBlueprintVersion,
  createBlueprintVersion,
  listTenants,
  createTenant,
  planTenant,
  readTenant,
  updateTenant,
  deleteTenant,
  readManifest,
  listRuns,
  readRun,
  followRun,
  cancelRun,
  tryRunAgain,
  finishRunRollback,
  pauseRun,
  resumeRun,
  decideRun,
  decideParkedRuns,
  setRunBreakpoint,
  readStepInput,
  pauseProvisioning,
  closeCircuit,
  listNotificationTargets,
  createNotificationTarget,
  updateNotificationTarget,
  deleteNotificationTarget,
  testNotificationTarget,
  readPlatform,
  confirmCluster,
  listTasks,
  readTask,
  assignTask,
  closeTask,
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
  decodeHistory,
  encodeAnswer,
  listWorkerTokens,
  issueWorkerToken,
  revokeWorkerToken,
  listDriftFindings,
  startDriftCheck,
  repairDriftFinding,
  acceptDriftFinding,
  listOrphans,
  startOrphanSweep,
  removeOrphan,
  acceptOrphan,
  unlockOrphans,
  listApiKeys,
  createApiKey,
  readOwnApiKey,
  readApiKey,
  rotateApiKey,
  revokeApiKey,
  listSigningSecrets,
  issueSigningSecret,
  answerCallback,
  listAuditEntries,
  exportAuditEntries,
  readAuditVerification,
  startAuditVerification,
  listAuditKeys,
  readPortal,
  readPortalSession,
  readIssuer,
  readIssuerKeys,
  readLiveness,
  readReadiness,
};
