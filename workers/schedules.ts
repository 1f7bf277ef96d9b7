import { createHash } from 'node:crypto';
import { ScheduleOverlapPolicy, type ScheduleOptions } from '@temporalio/client';
import type { Configuration } from '#domain/configuration.ts';
import type { WorkflowKind } from '#contracts/workflowInputs.ts';
import type { startScheduledRun } from '#workflows/startScheduledRun.ts';
import type { Reconciled } from './reconciler/reconciled.ts';

/** Longer than any outage that somebody sleeps through: what was missed in it is made up for. */
const catchupWindow = '12 hours';

type Definition = Required<Pick<ScheduleOptions, 'spec' | 'policies'>> & {
  action: {
    type: 'startWorkflow';
    workflowType: typeof startScheduledRun;
    workflowId: string;
    taskQueue: string;
    args: [WorkflowKind];
  };
};

/** One schedule for each kind of run, of this installation alone: others may share the namespace. */
export const scheduleIdOf = (kind: WorkflowKind, installationId: string): string => `${kind}/${installationId}`;

/** What runs when, in UTC; null for never. */
const timesOf = ({
  driftCheckAt,
  sweepAt,
  retentionAt,
}: Configuration): [WorkflowKind, { hour: number; minute: number } | null][] => [
  ['checkDrift', driftCheckAt],
  ['sweepOrphans', sweepAt],
  ['applyRetention', retentionAt],
];

/**
 * Brings Temporal's schedules to what the configuration says; every worker does, at its start. One that is as it should be is left
 * alone, and one that was paused in Temporal's pages stays so.
 */
export async function settleSchedules({ platform, client }: Pick<Reconciled, 'platform' | 'client'>): Promise<void> {
  for (const [kind, at] of timesOf(platform.configuration)) {
    const scheduleId = scheduleIdOf(kind, platform.installation.id);
    const handle = client.schedule.getHandle(scheduleId);
    if (!at) {
      await handle.delete().catch(unlessNotThere);
      continue;
    }
    const definition = define(kind, at, platform.configuration);
    const hash = createHash('sha256').update(JSON.stringify(definition)).digest('hex');
    // A schedule's own memo is written once; that of what it starts changes with it.
    const action = { ...definition.action, memo: { definition: hash } };
    const found = await handle.describe().catch(unlessNotThere);
    if (!found) await client.schedule.create({ ...definition, scheduleId, action }).catch(unlessThere);
    else if (found.action.memo?.['definition'] !== hash)
      await handle.update(({ state: { paused, note } }) => ({
        ...definition,
        action,
        state: { paused, ...(note ? { note } : {}) },
      }));
  }
}

const define = (
  kind: WorkflowKind,
  { hour, minute }: { hour: number; minute: number },
  { taskQueue }: Configuration,
): Definition => ({
  spec: { calendars: [{ hour, minute, comment: 'UTC' }] },
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow },
  action: {
    type: 'startWorkflow',
    workflowType: 'startScheduledRun' as unknown as typeof startScheduledRun,
    workflowId: `startScheduledRun/platform/${kind}`,
    taskQueue,
    args: [kind],
  },
});

function unlessNotThere(error: unknown): null {
  if ((error as Error).name === 'ScheduleNotFoundError') return null;
  throw error;
}

/** Another worker was faster; it reads the same configuration. */
function unlessThere(error: unknown): void {
  if ((error as Error).name !== 'ScheduleAlreadyRunning') throw error;
}
