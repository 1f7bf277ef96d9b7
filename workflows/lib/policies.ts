import { ActivityCancellationType, type ActivityOptions, type LocalActivityOptions } from '@temporalio/workflow';

const base = {
  // The documented default was not what was seen: an undo began before the act that it undoes had ended.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  // Acts are seconds long; a killed or frozen worker is noticed within this time and the next attempt goes elsewhere.
  heartbeatTimeout: '1500ms',
  startToCloseTimeout: '30s',
} as const satisfies ActivityOptions;

/** Tried a bounded number of times; then the run rolls back. */
export const ACT = (attempts: number): ActivityOptions => ({
  ...base,
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s', maximumAttempts: attempts },
});

/** As much as there is of a tenant is copied in one act: hours, with the same heartbeat. */
export const AT_LENGTH = (attempts: number): ActivityOptions => ({ ...ACT(attempts), startToCloseTimeout: '24h' });

/** A service on the net needs longer breaths than our own stores. */
export const CALL = (attempts: number): ActivityOptions => ({
  ...base,
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s', maximumAttempts: attempts },
});

/** For an act that is a short transaction in the registry: no round trip to the server, and no heartbeat to be noticed by. */
export const LOCAL_ACT = (attempts: number): LocalActivityOptions => ({
  cancellationType: base.cancellationType,
  startToCloseTimeout: '10s',
  retry: ACT(attempts).retry!,
});

const undoIntervalSeconds = 5;

/**
 * Patient, but counted in attempts and not by the clock: while all workers are down nobody tries, and nothing may be given up.
 */
export const UNDO = (patienceSeconds: number): ActivityOptions => ({
  ...base,
  retry: {
    initialInterval: '200ms',
    backoffCoefficient: 2,
    maximumInterval: `${undoIntervalSeconds}s`,
    maximumAttempts: 5 + Math.ceil(patienceSeconds / undoIntervalSeconds),
  },
});

/** The same for what is as big as a server. */
export const UNDO_AT_LENGTH = (patienceSeconds: number): ActivityOptions => ({
  ...UNDO(patienceSeconds),
  startToCloseTimeout: '1h',
});

/** For what cannot be undone and must not be lost: days of trying, in growing distances. */
export const DELIVER: ActivityOptions = {
  ...base,
  startToCloseTimeout: '60s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10m', maximumAttempts: 500 },
};

/** What a payment service is asked: its outages are waited out, since money that may be held or taken is not left behind. */
export const PAY: ActivityOptions = {
  ...base,
  startToCloseTimeout: '60s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '5m' },
};

/** Fixed steps at the registry: outages are waited out, because nothing else can be done without it. */
export const FIXED: ActivityOptions = {
  ...base,
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '2s' },
};

/** The same beside the workflow: what is one short transaction pays more for its round trips to the server than for itself. */
export const BESIDE: LocalActivityOptions = {
  cancellationType: base.cancellationType,
  startToCloseTimeout: '10s',
  retry: FIXED.retry!,
};

/** Many things looked at in one activity: minutes, with the same heartbeat, again until it is done. */
export const BATCH: ActivityOptions = { ...FIXED, startToCloseTimeout: '15m' };

/** A batch of what is due: minutes at the most. A registry that is away is waited for, as the schedule starts no other meanwhile. */
export const DRAIN: ActivityOptions = { ...FIXED, startToCloseTimeout: '5m' };

/** The same where whole backups are written or read: as long as that takes; the heartbeat tells that somebody is at it. */
export const DRAIN_AT_LENGTH: ActivityOptions = { ...FIXED, startToCloseTimeout: '12h' };

/** What is counted at an erasure: tried often, and then left uncounted. Twenty attempts that time out take less than an hour. */
export const COUNT: ActivityOptions = { ...FIXED, startToCloseTimeout: '2m' };

/** Batches of tenants, of which a single statement may take an hour; the heartbeat is what tells that somebody is at it. */
export const FLEET: ActivityOptions = { ...FIXED, startToCloseTimeout: '3h' };

/** Writing to the ledger: local, so it costs no round trip; repeated until the registry takes it. */
export const REPORT: LocalActivityOptions = {
  startToCloseTimeout: '5s',
  retry: { initialInterval: '50ms', backoffCoefficient: 2, maximumInterval: '1s' },
};
