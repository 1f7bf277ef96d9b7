import {
  CancellationScope,
  condition,
  continueAsNew,
  defineSignal,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
} from '@temporalio/workflow';
import type { RunbookActivities } from '#activities/recovery/executeRunbook.ts';
import { wakeSignal, type DeedInput, type PlatformRunInput, type RunbookDeed } from '#contracts/workflowInputs.ts';
import { ask, pauseOrThrow, UNTIL_UNDONE, WITHIN_ITS_TIME } from '../lib/customSteps.ts';
import { AT_LENGTH, REPORT, UNDO } from '../lib/policies.ts';
import { reasonOf } from '../lib/reason.ts';

const runbook = proxyLocalActivities<RunbookActivities>(REPORT);
const wake = defineSignal(wakeSignal);

/** Keeps a history short, however long people take. */
const turnsInHistory = 300;
/** A signal may be lost: who waits for a person looks by itself, too. */
const looksAgainMs = 30_000;

/**
 * Carries out a runbook. What was done, what comes next and whom it waits for stand in the rows: the workflow asks, does what it is told,
 * and asks again. So a runbook that is changed, resumed or decided upon by several people needs no history of its own.
 */
export async function executeRunbook(run: PlatformRunInput): Promise<void> {
  const { runId, tenantId, epoch } = run;
  const ref = { runId, tenantId, epoch };
  let signals = 0;
  setHandler(wake, () => void (signals += 1));
  // The wish to cancel is a row as well; this only wakes who waits.
  CancellationScope.current().cancelRequested.catch(() => (signals += 1));
  const underWay = new Map<string, { scope: CancellationScope; isUndo: boolean }>();

  const begin = (deed: RunbookDeed): void => {
    const scope = new CancellationScope({ cancellable: true });
    underWay.set(deed.id, { scope, isUndo: deed.verb === 'undo' });
    void scope
      .run(() => carryOut(run, deed, { ...ref, stepId: deed.stepId, verb: deed.verb, round: deed.round }))
      .finally(() => {
        underWay.delete(deed.id);
        signals += 1;
      });
  };

  await CancellationScope.nonCancellable(async () => {
    for (let turn = 0; turn < turnsInHistory || underWay.size > 0; turn++) {
      const seen = signals;
      const next = await runbook['runbook.turn'](ref, Date.now());
      for (const id of next.dropped) underWay.get(id)?.scope.cancel();
      if (next.isOver && underWay.size === 0) return;
      // What is to be taken back must not happen after its own undo: who still acts comes to an end first.
      const mayUndo = [...underWay.values()].every(({ isUndo }) => isUndo);
      for (const deed of next.deeds) if (!underWay.has(deed.id) && (deed.verb !== 'undo' || mayUndo)) begin(deed);
      const until =
        next.wakeAt === null ? looksAgainMs : Math.min(Math.max(next.wakeAt - Date.now(), 0) + 1, looksAgainMs);
      await condition(() => signals > seen, until);
    }
    await continueAsNew<typeof executeRunbook>(run);
  });
}

/** Never throws: what failed for good is written, and the next turn makes of it what the runbook says. */
async function carryOut(run: PlatformRunInput, deed: RunbookDeed, input: DeedInput): Promise<void> {
  try {
    if (deed.taskQueue) return await carryOutside(run, deed, { ...input, taskQueue: deed.taskQueue });
    const policy =
      deed.verb === 'undo'
        ? { ...AT_LENGTH(1), retry: UNDO(run.undoPatienceSeconds).retry! }
        : AT_LENGTH(run.actAttempts);
    const activities = proxyActivities<Record<string, (deed: DeedInput) => Promise<void>>>({
      ...policy,
      summary: deed.title,
    });
    await activities[deed.activity]!(input);
  } catch (error) {
    await CancellationScope.nonCancellable(() => runbook['runbook.fail'](input, reasonOf(error)));
  }
}

/** On a queue of the SaaS team, in whichever language they serve it. */
async function carryOutside(
  run: PlatformRunInput,
  { title, activity, timeoutSeconds = 60 }: RunbookDeed,
  { taskQueue, ...deed }: DeedInput & { taskQueue: string },
): Promise<void> {
  const call = await runbook['runbook.beginOutside'](deed);
  if (!call) return;
  const asked = { id: deed.stepId, title, spec: { timeoutSeconds } };
  const patience = deed.verb === 'undo' ? UNTIL_UNDONE(run) : WITHIN_ITS_TIME(run, asked);
  const overAt = patience.totalMs === null ? Infinity : Date.now() + patience.totalMs;
  for (let attempt = 1; ; attempt += 1) {
    let answer: unknown;
    try {
      const queuedMs = Math.min(patience.queuedMs, overAt - Date.now());
      answer = await ask(asked, { taskQueue, activity, call, attempt: deed.round * 10_000 + attempt }, queuedMs);
    } catch (error) {
      await pauseOrThrow(error, { attempt, overAt, taskQueue, activity, queuedMs: patience.queuedMs }, patience);
      continue;
    }
    return runbook['runbook.finishOutside'](deed, answer);
  }
}
