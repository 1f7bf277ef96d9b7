import type { DecisionKind } from '#contracts/decisions.ts';
import type { DriftState, RepairKind } from '#contracts/findings/drift.ts';
import type { Person } from '#contracts/identity/people.ts';
import type { OrphanReason, OrphanState } from '#contracts/findings/orphans.ts';
import type { RunState, StepState } from '#contracts/runStates.ts';
import type { Plan, Resource, TenantPlan, TenantState } from '#contracts/tenants.ts';
import type { Notification, TaskKind } from '#contracts/tasks.ts';
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
};

export const notificationStateWords: Record<Notification['state'], Word> = {
  waiting: { title: 'Under way', tone: 'busy' },
  sent: { title: 'Sent', tone: 'good' },
  dead: { title: 'Given up', tone: 'bad' },
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
};

export const tierTitles: Record<Plan['tier'], string> = {
  pool: 'Shared schema, row-level security',
  schema: 'Own schema and role',
  database: 'Own database and role',
};
