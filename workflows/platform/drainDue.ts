import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { DrainActivities } from '#activities/platform/drains.ts';
import type { DrainKind } from '#contracts/workflowInputs.ts';
import { DRAIN, DRAIN_AT_LENGTH } from '../lib/policies.ts';

const atOnce = proxyActivities<DrainActivities>(DRAIN);
const atLength = proxyActivities<DrainActivities>(DRAIN_AT_LENGTH);

/** What takes as long as backups are big. */
const ofSize: ReadonlySet<DrainKind> = new Set<DrainKind>(['backUpServer', 'shipLog', 'rereadBackups']);

/** Keeps a history short, however much there is. */
const batchesInHistory = 200;

/**
 * What a schedule starts where nobody needs to be told of each time: works off what is due, batch by batch, until nothing is left. Batches
 * stand for themselves, so one that dies is gone on with by the next.
 *
 * @returns how much was done, for whoever looks in Temporal's pages
 */
export async function drainDue(kind: DrainKind, doneBefore = 0): Promise<number> {
  const activities = ofSize.has(kind) ? atLength : atOnce;
  let done = doneBefore;
  for (let batch = 0; batch < batchesInHistory; batch++) {
    const drained = await activities[`drain.${kind}`]();
    done += drained.done;
    if (drained.isOver) return done;
  }
  return continueAsNew<typeof drainDue>(kind, done);
}
