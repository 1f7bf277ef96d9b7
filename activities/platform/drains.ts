import { log } from '@temporalio/activity';
import type { Drained, DrainKind } from '#contracts/workflowInputs.ts';
import type { Drained as DrainedDues } from '#domain/licenses/dues/carryOut.ts';
import { drainDrills } from '#domain/backups/drills/drainDrills.ts';
import { openRunsOf } from '#domain/backups/drills/drillRow.ts';
import { drainEnds } from '#domain/licenses/dues/drainEnds.ts';
import { drainOverrides } from '#domain/licenses/dues/drainOverrides.ts';
import { drainReminders } from '#domain/licenses/dues/drainReminders.ts';
import { noteSeatPeaks } from '#domain/licenses/usage/noteSeatPeaks.ts';
import { rollUpUsage } from '#domain/licenses/usage/rollUpUsage.ts';
import { drainRenewals } from '#domain/licenses/dues/drainRenewals.ts';
import { openRenewal } from '#domain/licenses/renewing/openRenewal.ts';
import { cullDead } from '#domain/licenses/using/uses.ts';
import type { Sql } from '#domain/database.ts';
import { countPractices, openDuePractices } from '#domain/runbooks/practice/openDuePractices.ts';
import { registryTime } from '#domain/sql.ts';
import { countDues } from '#observability/licenses/dueMetrics.ts';
import { countDrained } from '#observability/schedules/scheduleMetrics.ts';
import { openDueBackups } from '#domain/backups/fleet/openFleetBackup.ts';
import { longestUnread, rereadBackups } from '#domain/backups/watching/rereadBackups.ts';
import { countProtections, watchBackups } from '#domain/backups/watching/watch.ts';
import { reportPractices } from '#observability/recovery/runbookMetrics.ts';
import { serverBackups } from '../recovery/serverBackups.ts';
import { reportProtections, reportUnread } from '#observability/backups/backupMetrics.ts';
import { removeOldBackups } from '../backups/removing.ts';
import type { Deps } from '../deps.ts';
import { goOnErasing } from './eraseLeft.ts';

/** A drain without an activity does not compile. */
export type DrainActivities = Record<`drain.${DrainKind}`, () => Promise<Drained>>;

/** Does at most so many of what is due at `now`, each once whoever else drains; fewer than `most` done means that nothing is left. */
type Drain = (em: Sql, now: Date, most: number) => Promise<number>;

/** The same for what is due of licences, of which others may be done when it fails for one. */
type DrainDues = (em: Sql, now: Date) => Promise<DrainedDues>;

/** What schedules work off without a run in the ledger. Any of them may be carried out twice, or by two workers at once. */
export function drainActivities(
  deps: Pick<
    Deps,
    | 'registry'
    | 'installation'
    | 'tenantKeys'
    | 'configuration'
    | 'startRun'
    | 'drillRooms'
    | 'backupPlace'
    | 'place'
    | 'physical'
  >,
): DrainActivities {
  const { registry, installation, startRun } = deps;
  const batchesOf = (kind: DrainKind, most: number, drain: Drain) => async (): Promise<Drained> => {
    const em = registry.em.fork();
    const done = await drain(em, new Date(await registryTime(em)), most);
    countDrained(kind, done);
    return { done, isOver: done < most };
  };
  const duesOf = (kind: DrainKind, drain: DrainDues) => async (): Promise<Drained> => {
    const em = registry.em.fork();
    const drained = await drain(em, new Date(await registryTime(em)));
    for (const { licenseId, error } of drained.failed)
      log.warn('what is due of a licence could not be done; it will be tried again', { licenseId, err: error });
    // What does not start now, the reconciler starts.
    for (const runId of drained.runIds) await startRun(runId).catch(() => undefined);
    countDues(drained);
    countDrained(kind, drained.licences);
    return { done: drained.licences, isOver: drained.licences === 0 };
  };
  return {
    ...serverBackups(deps),
    'drain.cullLicenseUses': batchesOf('cullLicenseUses', 1_000, cullDead),
    'drain.expireLicenseOverrides': duesOf('expireLicenseOverrides', (em, now) =>
      drainOverrides(em, installation, now),
    ),
    'drain.endLicenses': duesOf('endLicenses', (em, now) => drainEnds(em, deps, now)),
    'drain.openLicenseRenewals': duesOf('openLicenseRenewals', (em, now) => drainRenewals(em, openRenewal, now)),
    'drain.remindOfLicenses': duesOf('remindOfLicenses', (em, now) => drainReminders(em, deps, now)),
    'drain.rollUpUsage': batchesOf('rollUpUsage', 5_000, rollUpUsage),
    async 'drain.drillBackups'() {
      const em = registry.em.fork();
      const cleared = await clearRooms(deps);
      const runIds = await drainDrills(em, new Date(await registryTime(em)), deps.configuration.backups.drillsAtOnce);
      // What does not start now, the reconciler starts.
      for (const runId of runIds) await startRun(runId).catch(() => undefined);
      countDrained('drillBackups', cleared + runIds.length);
      return { done: cleared + runIds.length, isOver: true };
    },
    'drain.noteSeatPeaks': batchesOf('noteSeatPeaks', 1_000_000, noteSeatPeaks),
    'drain.openFleetBackups': batchesOf('openFleetBackups', 1_000_000, async (em, now) => {
      const { runIds, plans } = await openDueBackups(em, now);
      // What does not start now, the reconciler starts.
      for (const runId of runIds) await startRun(runId).catch(() => undefined);
      return plans;
    }),
    'drain.removeOldBackups': batchesOf('removeOldBackups', 100, async (em, now, most) => {
      const removed = await removeOldBackups(deps, em, now, most);
      return Math.max(removed, await goOnErasing(deps, em, now, most));
    }),
    'drain.rereadBackups': batchesOf('rereadBackups', 1_000_000, async (em, now) => {
      const runIds = await rereadBackups(em, now, deps.configuration.backups.rereadDays);
      // What does not start now, the reconciler starts.
      for (const runId of runIds) await startRun(runId).catch(() => undefined);
      reportUnread(await longestUnread(em, now));
      return runIds.length;
    }),
    'drain.watchBackups': batchesOf('watchBackups', 500, async (em, _now, most) => {
      const changed = await watchBackups(em, most);
      reportProtections(await countProtections(em));
      return changed;
    }),
    'drain.practiseRunbooks': batchesOf('practiseRunbooks', 1_000_000, async (em, now) => {
      const runIds = await openDuePractices(em, installation.keyring, now);
      // What does not start now, the reconciler starts.
      for (const runId of runIds) await startRun(runId).catch(() => undefined);
      reportPractices(await countPractices(em));
      return runIds.length;
    }),
  };
}

/** Rooms that a frozen attempt made after its drill had ended: nobody is in them any more. */
async function clearRooms({
  registry,
  installation,
  drillRooms,
}: Pick<Deps, 'registry' | 'installation' | 'drillRooms'>): Promise<number> {
  const rooms = await drillRooms.list(installation.id);
  if (rooms.length === 0) return 0;
  const open = await openRunsOf(
    registry.em.fork(),
    rooms.map(({ runId }) => runId),
  );
  const left = rooms.filter(({ runId }) => !open.has(runId));
  for (const room of left) await drillRooms.close(room);
  return left.length;
}
