/** What crosses into workflows and activities: ids only. Names, addresses and people are read from the registry. */

/** A step of a run as its workflow sees it. The ids were chosen, and the ledger row committed, before the workflow started. */
export interface PlannedStep {
  id: string;
  position: number;
  title: string;
  kind: 'fixed' | 'resource' | 'check' | 'http' | 'custom';
  /** Which activities serve it: `<provider>.ensure`, `<provider>.destroy`, `<provider>.check`. */
  provider: string;
  resourceId: string | null;
  /** Present where a failure for good waits for a person instead of rolling back. */
  onFailure?: 'wait';
  /** Present where an earlier epoch of the run began it: its undo is promised still. */
  begunBefore?: true;
  /** Present where a run that is started anew had been told other inputs: every one that the step was tried with. */
  inputNumbers?: number[];
  /** Its act is a short transaction in the registry: it runs beside its workflow, without a round trip to the server. */
  isLocal?: true;
  /** Present where nothing but the access of its resource is settled: what its act does; the undo does the other. */
  verb?: AccessVerb;
  /** What only this kind of step has: where a custom step is served, how long an outside answer may take. */
  spec?: StepSpec;
}

export const accessVerbs = ['suspend', 'open'] as const;
export type AccessVerb = (typeof accessVerbs)[number];

/** Of a step that is served outside: by a worker of the SaaS team, or at an address. */
export interface StepSpec {
  taskQueue?: string;
  activity?: string;
  undo?: string | null;
  timeoutSeconds?: number;
}

/** Why something failed, as people may read it: a stable code and a sentence without secrets. */
export interface Reason {
  code: string;
  text: string;
}

export interface RunRef {
  runId: string;
  tenantId: string;
  /** Grows when a run is started forward again; effects of an older epoch are refused. */
  epoch: number;
}

/** A run of the platform, or one that looks at a tenant without changing it. */
export interface PlatformRef extends Omit<RunRef, 'tenantId'> {
  tenantId: string | null;
}

export interface RunInput extends RunRef {
  steps: PlannedStep[];
  /** How long each undo is retried before it counts as failed for good. */
  undoPatienceSeconds: number;
  /** How often an act is tried before it counts as failed. */
  actAttempts: number;
}

export interface PlatformRunInput extends PlatformRef, Omit<RunInput, keyof RunRef> {
  /** What the run is about, when that is neither a tenant nor everything: a finding. */
  subjectId: string | null;
}

/** What an act, an undo or a check is told. */
export interface StepInput extends RunRef {
  stepId: string;
  resourceId: string | null;
  intent: 'act' | 'undo';
  /** That it is done is written with the act, not by the workflow: its activity is local. */
  closes?: true;
  /** Which of the step's inputs; 1 is the blueprint's, each retry with an edited one adds one. */
  inputNumber?: number;
}

/** What a person told a run that waited, or that it may simply go on. */
export interface Taken {
  kind: 'retry' | 'skip' | 'roll_back' | 'continue';
  /** Given where a retry comes with another input. */
  inputNumber: number | null;
}

/** Why a run stands still before a step: it asks a person, or waits for better times, or does so no more. */
export type Hold = 'person' | 'times' | 'nothing';

/**
 * What an import asks of its workflow next: to read the file, to wait until somebody starts it, to come again at once or after a
 * moment, to stand still because somebody paused it, or nothing more.
 */
export type ImportTurn = 'check' | 'wait' | 'again' | 'more' | 'held' | 'over';

export const runQueues = ['interactive', 'bulk'] as const;
export type RunQueue = (typeof runQueues)[number];

/** Signals of a run's workflow. The rows come first; a signal only says that there is something to read. */
export const decideSignal = 'decide';
export const wakeSignal = 'wake';
export const callbackSignal = 'callback';

export const workflowKinds = [
  'provisionTenant',
  'deprovisionTenant',
  'deliverInvitation',
  'deliverStep',
  'finishRollback',
  'checkDrift',
  'repairResource',
  'sweepOrphans',
  'applyRetention',
  'removeOrphan',
  'onboardTenant',
  'suspendTenant',
  'resumeTenant',
  'offboardTenant',
  'shredTenantKey',
  'importTenants',
  'migrateFleet',
  'changeOwnership',
  'renameTenant',
  'rotateTenantSecrets',
  'renewLicense',
  'reissueLicenses',
  'backupPlatform',
  'drillTenant',
  'backupTenant',
  'verifyBackup',
  'backupFleet',
  'drillFleet',
  'restoreTenant',
  'refillFleet',
  'executeRunbook',
  'recoverTenant',
] as const;
export type WorkflowKind = (typeof workflowKinds)[number];

/** Runs that schedules start: each is a row in the ledger, as if somebody had pressed the button. */
export const scheduledRunKinds = ['checkDrift', 'sweepOrphans', 'applyRetention', 'backupPlatform'] as const;
export type ScheduledRunKind = (typeof scheduledRunKinds)[number];

/** What is due is worked off often, so no run tells of each time. Each is served by the activity `drain.<kind>`. */
export const drainKinds = [
  'cullLicenseUses',
  'expireLicenseOverrides',
  'endLicenses',
  'remindOfLicenses',
  'rollUpUsage',
  'noteSeatPeaks',
  'openLicenseRenewals',
  'drillBackups',
  'openFleetBackups',
  'removeOldBackups',
  'rereadBackups',
  'watchBackups',
  'shipLog',
  'backUpServer',
  'checkArchive',
  'practiseRunbooks',
] as const;
export type DrainKind = (typeof drainKinds)[number];

/** What one batch of a drain came to. */
export interface Drained {
  done: number;
  /** Nothing is left that is due now. */
  isOver: boolean;
}

/** The ones that stop before a step when they are asked to. A removal does not: nobody is served by half of one. */
export const pausableKinds: readonly WorkflowKind[] = [
  'provisionTenant',
  'importTenants',
  'migrateFleet',
  'drillFleet',
];

/** Runs over many tenants: each tenant's part stands for itself and is not taken back. */
export const hasNoWayBack: readonly WorkflowKind[] = [
  'importTenants',
  'migrateFleet',
  'backupFleet',
  'drillFleet',
  'refillFleet',
];

/** A deed of an execution's step, as its workflow hands it to an activity. */
export interface DeedInput extends PlatformRef {
  stepId: string;
  verb: 'act' | 'rehearse' | 'undo';
  /** Which time the step is at it: what belongs to an earlier one is refused. */
  round: number;
}

/** What a turn of an execution asks its workflow to carry out. */
export interface RunbookDeed extends Pick<DeedInput, 'stepId' | 'verb' | 'round'> {
  /** The same in every turn until it is reported. */
  id: string;
  title: string;
  activity: string;
  /** Present where a worker of the SaaS team serves it. */
  taskQueue?: string;
  timeoutSeconds?: number;
}

export interface RunbookTurn {
  deeds: RunbookDeed[];
  /** Ids of deeds whose steps have moved on. */
  dropped: string[];
  /** When the clock alone changes something, in milliseconds. */
  wakeAt: number | null;
  isOver: boolean;
}

/** `<workflow>/<tenantId or platform>/<runId>`, and the epoch when started anew: the codec finds the tenant's key by the second part. */
export const workflowIdOf = (kind: WorkflowKind, tenantId: string | null, runId: string): string =>
  `${kind}/${tenantId ?? 'platform'}/${runId}`;

export const tenantOfWorkflowId = (workflowId: string): string | null => {
  const middle = workflowId.split('/')[1];
  return middle && middle !== 'platform' ? middle : null;
};

/**
 * The id of an activity on a queue of the SaaS team. It is all that the codec is told of an activity, so it names the queue:
 * what the activity is given and answers is sealed for that queue alone.
 */
export const outsideActivityIdOf = (
  taskQueue: string,
  call: { stepId: string; number: number; verb: 'act' | 'undo'; execution: number },
): string => `outside/${call.verb}/${call.stepId}/${call.number}/${call.execution}/${taskQueue}`;

export const taskQueueOfActivityId = (activityId: string | undefined): string | null =>
  /^outside\/(?:act|undo)\/[^/]+\/\d+\/\d+\/(.+)$/s.exec(activityId ?? '')?.[1] ?? null;
