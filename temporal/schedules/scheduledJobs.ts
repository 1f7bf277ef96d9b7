import type { OverlapPolicy, ScheduledKind } from '#contracts/schedules.ts';
import { scheduledRunKinds, type DrainKind, type ScheduledRunKind } from '#contracts/workflowInputs.ts';
import type { Configuration } from '#domain/configuration.ts';

/** A job that comes by the clock, as it ought to be. */
export interface ScheduledJob {
  title: string;
  description: string;
  times: { everySeconds: number } | { at: { hour: number; minute: number } | null };
  overlap: OverlapPolicy;
  /** How late a time that was missed, because Temporal was away, is still made up for. */
  catchUpSeconds: number;
}

const minute = 60;
const hour = 60 * minute;

/** Each time is a run. Longer than any outage that somebody sleeps through: what was missed in it is made up for. */
const nightly = (at: { hour: number; minute: number } | null) =>
  ({ times: { at }, overlap: 'skip', catchUpSeconds: 12 * hour }) as const;

/**
 * What is due is rows, and the next time does all that is due by then: a time that was missed is not missing. A minute is for a Temporal
 * that was restarted.
 */
const drain = (everySeconds: number) => ({ times: { everySeconds }, overlap: 'skip', catchUpSeconds: minute }) as const;

const whilePhysical = ({ physical }: Configuration, everySeconds: number) =>
  physical.kind === 'off' ? nightly(null) : drain(everySeconds);

/** The one table of what comes by the clock. A kind without an entry does not compile. */
export const scheduledJobs = (configuration: Configuration): Record<ScheduledKind, ScheduledJob> => ({
  checkDrift: {
    title: 'Compare tenants with the registry',
    description: 'Looks at every resource of every tenant and notes what differs from what was made.',
    ...nightly(configuration.driftCheckAt),
  },
  sweepOrphans: {
    title: 'Look for orphans',
    description: 'Looks in every system for things of this installation that nobody knows of.',
    ...nightly(configuration.sweepAt),
  },
  applyRetention: {
    title: 'Clear what was kept for long enough',
    description: 'Removes sessions, mails, links, usage events and details of runs that are old enough.',
    ...nightly(configuration.retentionAt),
  },
  backupPlatform: {
    title: 'Back up the control plane',
    description: 'Writes the registry and what lies beside it into the place of backups, and reads all of it again.',
    ...nightly(configuration.backups.platformAt),
  },
  shipLog: {
    title: 'Take the log of the server away',
    description:
      'Seals what the server has put aside and takes it to the backups; removes servers that were brought up for a while.',
    ...whilePhysical(configuration, minute),
  },
  backUpServer: {
    title: 'Back up the whole server',
    description:
      'Once a day, and behind a gap: copies the server with the registry and all data stores, and reads the copy again.',
    ...whilePhysical(configuration, 5 * minute),
  },
  checkArchive: {
    title: "Check the server's archive",
    description: 'Looks which seconds can be brought back, and tells of gaps and of base backups that are too old.',
    ...whilePhysical(configuration, hour),
  },
  cullLicenseUses: {
    title: 'Take away seats and machines of the silent',
    description: 'Gives back what is checked out by those whose heartbeats stopped.',
    ...drain(30),
  },
  expireLicenseOverrides: {
    title: 'End entitlements that were granted for a while',
    description: 'Signs a licence anew when something that overrode its policy has ended.',
    ...drain(30),
  },
  endLicenses: {
    title: 'End licences',
    description: 'Carries out what policies say at the end of a licence and of its grace, and tells it.',
    ...drain(60),
  },
  remindOfLicenses: {
    title: 'Remind of licences that end',
    description: 'Sends the newest reminder that is due of each licence, and passes over those that it overtook.',
    ...drain(60),
  },
  rollUpUsage: {
    title: 'Add up what licences measured',
    description: 'Adds the usage that was told since the last time to its hours and days, late events too.',
    ...drain(minute),
  },
  noteSeatPeaks: {
    title: 'Note how many seats are in use',
    description: 'Looks how many seats and machines of each licence are checked out, and keeps the most of each day.',
    ...drain(5 * minute),
  },
  drillBackups: {
    title: 'Prove backups',
    description:
      'Restores backups into throw-away databases, as often as plans promise, and says whose drills are late.',
    ...drain(60),
  },
  openLicenseRenewals: {
    title: 'Renew licences whose terms end',
    description:
      'Opens the renewals that policies want by themselves; each is a run, and waits for approval where that is wanted.',
    ...drain(60),
  },
  openFleetBackups: {
    title: 'Back up tenants whose windows open',
    description: 'Opens a run for each plan whose window has come, and makes up for the newest that was missed.',
    ...drain(minute),
  },
  removeOldBackups: {
    title: 'Remove backups that do not stay',
    description: 'Removes what the policies of plans keep no longer, as far as locks and legal holds let it.',
    ...drain(5 * minute),
  },
  rereadBackups: {
    title: 'Read kept backups again',
    description:
      'Reads backups that nobody has read for long: one that is not what was written is told of and counts no more.',
    ...drain(5 * minute),
  },
  watchBackups: {
    title: 'Look who is not protected as promised',
    description: 'Tells of tenants whose backups fail, are missed, or are older than their plans promise.',
    ...drain(minute),
  },
  practiseRunbooks: {
    title: 'Practise runbooks',
    description:
      'Opens the practice runs that are due, monthly unless somebody chose, and tells what went unpractised.',
    ...drain(minute),
  },
});

export const isScheduledRun = (kind: ScheduledKind): kind is ScheduledRunKind =>
  (scheduledRunKinds as readonly string[]).includes(kind);

/** The workflow that a job starts, and what it is told. */
export const startedBy = (
  kind: ScheduledKind,
): { workflowType: 'startScheduledRun'; args: [ScheduledRunKind] } | { workflowType: 'drainDue'; args: [DrainKind] } =>
  isScheduledRun(kind)
    ? { workflowType: 'startScheduledRun', args: [kind] }
    : { workflowType: 'drainDue', args: [kind] };

/** One schedule for each job of this installation alone: others may share the namespace. */
export const scheduleIdOf = (kind: ScheduledKind, installationId: string): string => `${kind}/${installationId}`;
