import type { DecisionKind } from '#contracts/decisions.ts';
import type { DriftState, RepairKind } from '#contracts/findings/drift.ts';
import type { SuspensionState } from '#contracts/life/suspension.ts';
import type { Person } from '#contracts/identity/people.ts';
import type { OrphanReason, OrphanState } from '#contracts/findings/orphans.ts';
import type { OnboardingState } from '#contracts/onboarding/items.ts';
import type { SignUpState } from '#contracts/onboarding/signUps.ts';
import type { AdminInvitation } from '#contracts/portal/adminInvitation.ts';
import type { OffboardingState } from '#contracts/offboarding/offboarding.ts';
import type { RunState, StepState } from '#contracts/runStates.ts';
import type { Plan, Resource, TenantPlan, TenantState } from '#contracts/tenants.ts';
import type { NoticeKind, Notification, NotificationKind, TaskKind } from '#contracts/tasks.ts';
import type { WorkflowKind } from '#contracts/workflowInputs.ts';

/** How a state feels, which decides its colour and mark; the words say the same, so colour is never alone. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet';
export interface Word {
  title: string;
  tone: Tone;
}

export const tenantStateWords: Record<TenantState, Word> = {
  provisioning: { title: 'Provisioning', tone: 'busy' },
  active: { title: 'Active', tone: 'good' },
  suspended: { title: 'Suspended', tone: 'warn' },
  offboarding: { title: 'Offboarding', tone: 'busy' },
  erased: { title: 'Erased', tone: 'quiet' },
  rolled_back: { title: 'Rolled back', tone: 'quiet' },
};

export const suspensionStateWords: Record<SuspensionState, Word> = {
  planned: { title: 'Planned', tone: 'busy' },
  effective: { title: 'In force', tone: 'warn' },
  ended: { title: 'Ended', tone: 'quiet' },
  withdrawn: { title: 'Withdrawn', tone: 'quiet' },
  missed: { title: 'Missed', tone: 'bad' },
  failed: { title: 'Came to nothing', tone: 'bad' },
};

export const offboardingStateWords: Record<OffboardingState, Word> = {
  suspending: { title: 'Being suspended', tone: 'busy' },
  exporting: { title: 'Being exported', tone: 'busy' },
  verifying: { title: 'Export being verified', tone: 'busy' },
  handing_over: { title: 'Being handed over', tone: 'busy' },
  grace: { title: 'Can be undone', tone: 'warn' },
  held: { title: 'Held', tone: 'warn' },
  waiting: { title: 'Waits for a decision', tone: 'warn' },
  undoing: { title: 'Being undone', tone: 'busy' },
  erasing: { title: 'Being erased', tone: 'busy' },
  erased: { title: 'Erased', tone: 'quiet' },
  undone: { title: 'Undone', tone: 'quiet' },
  left: { title: 'Something is left', tone: 'bad' },
};

export const personStateWords: Record<Person['state'], Word> = {
  invited: { title: 'Invited', tone: 'busy' },
  active: { title: 'Active', tone: 'good' },
  disabled: { title: 'Disabled', tone: 'quiet' },
};

export const runStateWords: Record<RunState, Word> = {
  queued: { title: 'Queued', tone: 'quiet' },
  running: { title: 'Running', tone: 'busy' },
  waiting: { title: 'Waiting', tone: 'warn' },
  paused: { title: 'Paused', tone: 'warn' },
  rolling_back: { title: 'Rolling back', tone: 'warn' },
  succeeded: { title: 'Succeeded', tone: 'good' },
  rolled_back: { title: 'Rolled back', tone: 'quiet' },
  cancelled: { title: 'Cancelled', tone: 'quiet' },
  needs_attention: { title: 'Needs attention', tone: 'bad' },
};

export const stepStateWords: Record<StepState, Word> = {
  pending: { title: 'Pending', tone: 'quiet' },
  running: { title: 'Running', tone: 'busy' },
  waiting: { title: 'Waiting', tone: 'warn' },
  done: { title: 'Done', tone: 'good' },
  failed: { title: 'Failed', tone: 'bad' },
  skipped: { title: 'Skipped', tone: 'quiet' },
  undoing: { title: 'Undoing', tone: 'warn' },
  undone: { title: 'Undone', tone: 'quiet' },
  undo_failed: { title: 'Undo failed', tone: 'bad' },
};

export const resourceStateWords: Record<Resource['state'], Word> = {
  planned: { title: 'Planned', tone: 'quiet' },
  ensuring: { title: 'Being made', tone: 'busy' },
  present: { title: 'Present', tone: 'good' },
  destroying: { title: 'Being removed', tone: 'warn' },
  destroyed: { title: 'Removed', tone: 'quiet' },
};

export const planActionWords: Record<TenantPlan['steps'][number]['action'], Word> = {
  reserve: { title: 'Reserve', tone: 'good' },
  create: { title: 'Create', tone: 'good' },
  adopt: { title: 'Adopt', tone: 'warn' },
  unchanged: { title: 'Unchanged', tone: 'quiet' },
  check: { title: 'Check', tone: 'quiet' },
  call: { title: 'Call', tone: 'good' },
  open: { title: 'Open', tone: 'good' },
  conflict: { title: 'Conflict', tone: 'bad' },
};

/** A decision as a button says it, and as a list tells it afterwards. */
export const decisionWords: Record<DecisionKind, { title: string; done: string }> = {
  retry: { title: 'Retry', done: 'Retried' },
  skip: { title: 'Skip', done: 'Skipped' },
  roll_back: { title: 'Roll back', done: 'Rolled back' },
  continue: { title: 'Continue', done: 'Continued' },
};

export const driftStateWords: Record<DriftState, Word> = {
  open: { title: 'Open', tone: 'bad' },
  accepted: { title: 'Accepted', tone: 'warn' },
  repaired: { title: 'Repaired', tone: 'good' },
  gone: { title: 'Gone', tone: 'quiet' },
};

export const orphanStateWords: Record<OrphanState, Word> = {
  open: { title: 'Open', tone: 'bad' },
  accepted: { title: 'Accepted', tone: 'warn' },
  removed: { title: 'Removed', tone: 'good' },
  gone: { title: 'Gone', tone: 'quiet' },
};

/** What a repair can do about a difference. */
export const repairWords: Record<RepairKind, string> = {
  mend: 'A repair brings it back without loss.',
  remake: 'What was in it is lost already: a repair makes it again, empty. Restore a backup if there is one.',
  none: 'A repair cannot bring it back: do it by hand or from a backup, or accept it.',
};

export const orphanReasonWords: Record<OrphanReason, string> = {
  removed: 'The registry says that it was removed.',
  unmarked: 'An empty folder without a marker, of a tenant that was removed.',
  unknown_resource: 'The registry knows the run that made it, but not the resource.',
  unknown_run: 'The registry never heard of the run that made it.',
  unknown_store: 'The registry does not know this data store.',
};

export const taskKindWords: Record<TaskKind, Word> = {
  attention: { title: 'Something is left', tone: 'bad' },
  parked: { title: 'Waits for a decision', tone: 'warn' },
  cluster_lost: { title: 'Another cluster', tone: 'bad' },
  workflow_stuck: { title: 'Stands still', tone: 'bad' },
  drift: { title: 'Drift', tone: 'warn' },
  orphans: { title: 'Orphans', tone: 'warn' },
  delivery_refused: { title: 'Not delivered', tone: 'warn' },
  approval: { title: 'Asks for approval', tone: 'busy' },
  support_access: { title: 'Support access', tone: 'warn' },
  onboarding_overdue: { title: 'Onboarding overdue', tone: 'warn' },
  sign_up: { title: 'Signed up', tone: 'busy' },
  secrets_handed_out: { title: 'New secrets', tone: 'busy' },
  payment_waiting: { title: 'Payment awaited', tone: 'busy' },
  renewal_stranded: { title: 'Paid, not renewed', tone: 'bad' },
  backups_missed: { title: 'Backups missed', tone: 'bad' },
  backup_broken: { title: 'Backup broken', tone: 'bad' },
  server_backup: { title: 'No base backup', tone: 'bad' },
  archive_broken: { title: 'Archive broken', tone: 'bad' },
  restore_not_begun: { title: 'Restore not begun', tone: 'warn' },
  platform_backup: { title: 'No backup of the platform', tone: 'bad' },
  drill_failed: { title: 'Backup not proven', tone: 'bad' },
  drill_overdue: { title: 'Drill overdue', tone: 'warn' },
  replication: { title: 'Replication', tone: 'bad' },
  practice_overdue: { title: 'Practice overdue', tone: 'warn' },
};

const noticeKindWords: Record<NoticeKind, Word> = {
  license_reminder: { title: 'Licence ends soon', tone: 'warn' },
  license_expired: { title: 'Licence ended', tone: 'bad' },
  license_renewed: { title: 'Licence renewed', tone: 'good' },
  renewal_failed: { title: 'Licence not renewed', tone: 'bad' },
};
export const notificationKindWords: Record<NotificationKind, Word> = { ...taskKindWords, ...noticeKindWords };

export const notificationStateWords: Record<Notification['state'], Word> = {
  waiting: { title: 'Under way', tone: 'busy' },
  sent: { title: 'Sent', tone: 'good' },
  dead: { title: 'Given up', tone: 'bad' },
};

export const signUpStateWords: Record<SignUpState, Word> = {
  asked: { title: 'Address not proven', tone: 'quiet' },
  waiting: { title: 'Waits for approval', tone: 'warn' },
  accepted: { title: 'Accepted', tone: 'good' },
  refused: { title: 'Refused', tone: 'quiet' },
};

export const onboardingStateWords: Record<OnboardingState, Word> = {
  open: { title: 'Under way', tone: 'busy' },
  finished: { title: 'Finished', tone: 'good' },
  cancelled: { title: 'Cancelled', tone: 'quiet' },
};

export const adminInvitationWords: Record<AdminInvitation['state'], Word> = {
  nobody_named: { title: 'Nobody named', tone: 'warn' },
  not_invited: { title: 'Not invited yet', tone: 'quiet' },
  waiting: { title: 'Invited', tone: 'busy' },
  expired: { title: 'Invitation expired', tone: 'warn' },
  accepted: { title: 'Accepted', tone: 'good' },
};

/** What a run does, and what joins it to the name of its tenant. */
export const runKindTitles: Record<WorkflowKind, { title: string; of: string }> = {
  provisionTenant: { title: 'Provision', of: '' },
  deprovisionTenant: { title: 'Remove', of: '' },
  deliverInvitation: { title: 'Invite the admin', of: ' of' },
  deliverStep: { title: 'Carry out a step', of: ' for' },
  finishRollback: { title: 'Finish the rollback', of: ' of' },
  checkDrift: { title: 'Check for drift', of: ' of' },
  sweepOrphans: { title: 'Sweep for orphans', of: ' of' },
  applyRetention: { title: 'Clear what was kept long enough', of: ' of' },
  removeOrphan: { title: 'Remove an orphan', of: ' of' },
  repairResource: { title: 'Repair a resource', of: ' of' },
  onboardTenant: { title: 'Onboard', of: '' },
  suspendTenant: { title: 'Suspend', of: '' },
  resumeTenant: { title: 'Resume', of: '' },
  offboardTenant: { title: 'Offboard', of: '' },
  shredTenantKey: { title: 'Shred the key', of: ' of' },
  importTenants: { title: 'Import tenants', of: ' of' },
  migrateFleet: { title: 'Migrate the fleet', of: ' of' },
  changeOwnership: { title: 'Change the owner', of: ' of' },
  renameTenant: { title: 'Rename', of: '' },
  rotateTenantSecrets: { title: 'Rotate the secrets', of: ' of' },
  renewLicense: { title: 'Renew a licence', of: ' of' },
  reissueLicenses: { title: 'Sign licences anew', of: ' of' },
  restoreTenant: { title: 'Restore', of: '' },
  backupPlatform: { title: 'Back up the control plane', of: ' of' },
  drillTenant: { title: 'Prove a backup', of: ' of' },
  backupTenant: { title: 'Back up', of: '' },
  verifyBackup: { title: 'Verify a backup', of: ' of' },
  drillFleet: { title: 'Prove the backups of many', of: ' of' },
  backupFleet: { title: 'Back up a plan', of: ' of' },
  refillFleet: { title: 'Fill the tenants again', of: ' of' },
  executeRunbook: { title: 'Runbook', of: '' },
  recoverTenant: { title: 'Recover', of: '' },
};

export const tierTitles: Record<Plan['tier'], string> = {
  pool: 'Shared schema, row-level security',
  schema: 'Own schema and role',
  database: 'Own database and role',
};
