import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  sleep,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { CustomStepActivities } from '#activities/outside/customSteps.ts';
import { outsideActivityIdOf, type PlannedStep, type RunInput, type StepInput } from '#contracts/workflowInputs.ts';
import { REPORT } from './policies.ts';

const custom = proxyLocalActivities<CustomStepActivities>(REPORT);

/** How often and how long a queue of the SaaS team is asked. */
export interface Patience {
  attempts: number;
  firstPauseMs: number;
  longestPauseMs: number;
  /** How long a task may lie in the queue before nobody serves it. */
  queuedMs: number;
  /** Over all attempts; null where attempts alone count. */
  totalMs: number | null;
  /** Whether a queue that nobody serves now is asked again. */
  unservedMayPass: boolean;
}

/** Before the doors: the step's own time, then the run rolls back. */
export const WITHIN_ITS_TIME = (run: Pick<RunInput, 'actAttempts'>, planned: Asked): Patience => {
  const ms = secondsOf(planned) * 1000;
  return {
    attempts: run.actAttempts,
    firstPauseMs: 500,
    longestPauseMs: 30_000,
    queuedMs: ms,
    totalMs: ms,
    unservedMayPass: false,
  };
};

/** After the doors: days, in growing distances. */
export const FOR_DAYS = (planned: PlannedStep): Patience => ({
  attempts: 500,
  firstPauseMs: 1_000,
  longestPauseMs: 600_000,
  queuedMs: secondsOf(planned) * 1000,
  totalMs: null,
  unservedMayPass: true,
});

export const UNTIL_UNDONE = (run: Pick<RunInput, 'undoPatienceSeconds'>): Patience => ({
  attempts: 5 + Math.ceil(run.undoPatienceSeconds / 5),
  firstPauseMs: 200,
  longestPauseMs: 5_000,
  queuedMs: run.undoPatienceSeconds * 1000,
  totalMs: null,
  unservedMayPass: false,
});

/**
 * The act on the SaaS team's queue. Each attempt is an activity of its own, begun in the ledger before it is scheduled: that one
 * was never taken from the queue is then certain, and there is nothing to undo.
 */
export async function actOnQueue(
  run: RunInput,
  planned: PlannedStep,
  inputOf: () => StepInput,
  patience: Patience,
): Promise<void> {
  const { taskQueue, activity } = onQueue(planned);
  const overAt = patience.totalMs === null ? Infinity : Date.now() + patience.totalMs;
  for (let attempt = 1; ; attempt += 1) {
    const { call, isFirst } = await custom['custom.begin'](inputOf());
    const step = { ...refOf(run), stepId: planned.id, number: call.number };
    const leftMs = overAt - Date.now();
    let answer: unknown;
    try {
      answer = await ask(planned, { taskQueue, activity, call, attempt }, Math.min(patience.queuedMs, leftMs));
    } catch (error) {
      if (isFirst && wasNeverTaken(error))
        await CancellationScope.nonCancellable(() => custom['custom.neverBegun'](call));
      await pauseOrThrow(error, { attempt, overAt, taskQueue, activity, queuedMs: patience.queuedMs }, patience);
      continue;
    }
    await custom['custom.finish'](step, answer);
    return;
  }
}

/** The undo on the same queue, for as long as undos are patient; asks nobody where the act never began. */
export async function undoOnQueue(run: RunInput, planned: PlannedStep, inputOf: () => StepInput): Promise<void> {
  const { taskQueue, undo } = onQueue(planned);
  if (!undo) return;
  const patience = UNTIL_UNDONE(run);
  for (let attempt = 1; ; attempt += 1) {
    const call = await custom['custom.beginUndo'](inputOf());
    if (!call) return;
    try {
      await ask(planned, { taskQueue, activity: undo, call, attempt }, patience.queuedMs);
    } catch (error) {
      await pauseOrThrow(
        error,
        { attempt, overAt: Infinity, taskQueue, activity: undo, queuedMs: patience.queuedMs },
        patience,
      );
      continue;
    }
    await custom['custom.undone'](call);
    return;
  }
}

/** The step that asks, whatever kind of run it is of. */
export type Asked = Pick<PlannedStep, 'id' | 'title' | 'spec'>;
/** What names a call; whatever else it holds is for who is asked. */
type AskedWith = Pick<Awaited<ReturnType<CustomStepActivities['custom.begin']>>['call'], 'number' | 'verb'>;

/** One attempt on a queue of the SaaS team, sealed for that queue alone. */
export function ask(
  planned: Asked,
  { taskQueue, activity, call, attempt }: { taskQueue: string; activity: string; call: AskedWith; attempt: number },
  queuedMs: number,
): Promise<unknown> {
  const execution = attempt;
  const activities = proxyActivities<Record<string, (call: AskedWith) => Promise<unknown>>>({
    taskQueue,
    activityId: outsideActivityIdOf(taskQueue, { stepId: planned.id, number: call.number, verb: call.verb, execution }),
    summary: planned.title,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    scheduleToStartTimeout: Math.max(queuedMs, 1_000),
    startToCloseTimeout: secondsOf(planned) * 1000,
    retry: { maximumAttempts: 1 },
  });
  return activities[activity]!(call);
}

/** The server's word for an activity that was cancelled before anybody took it. */
const notStarted = 'ACTIVITY_ID_NOT_STARTED';

function wasNeverTaken(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof TimeoutFailure) return cause.timeoutType === 'SCHEDULE_TO_START';
  return cause instanceof CancelledFailure && cause.details?.[0] === notStarted;
}

/** Texts of the SaaS team's workers stay in the sealed history: only the type of an error is told. */
export async function pauseOrThrow(
  error: unknown,
  asked: { attempt: number; overAt: number; taskQueue: string; activity: string; queuedMs: number },
  patience: Patience,
): Promise<void> {
  if (isCancellation(error)) throw error;
  const { attempt, overAt, taskQueue, activity } = asked;
  const cause = error instanceof ActivityFailure ? error.cause : error;
  const unserved = cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START';
  const forGood = cause instanceof ApplicationFailure && cause.nonRetryable === true;
  const pauseMs = Math.min(patience.firstPauseMs * 2 ** (attempt - 1), patience.longestPauseMs);
  const mayPass = unserved ? patience.unservedMayPass : !forGood;
  if (mayPass && attempt < patience.attempts && Date.now() + pauseMs < overAt) return sleep(pauseMs);

  const what = `"${activity}" on the task queue "${taskQueue}"`;
  if (unserved) {
    const seconds = Math.round(asked.queuedMs / 1000);
    const text = `Nobody serves the task queue "${taskQueue}": "${activity}" was not taken within ${seconds} seconds.`;
    throw ApplicationFailure.nonRetryable(text, 'queue_unserved');
  }
  if (cause instanceof TimeoutFailure)
    throw ApplicationFailure.nonRetryable(`${what} was taken and not answered within its time.`, 'answer_late');
  const type =
    cause instanceof ApplicationFailure && /^[A-Za-z][\w.-]{0,60}$/.test(cause.type ?? '') ? ` (${cause.type})` : '';
  throw ApplicationFailure.nonRetryable(`${what} failed${type}; the log of its worker tells more.`, 'step_refused');
}

const secondsOf = (planned: Asked): number => planned.spec?.timeoutSeconds ?? 60;

function onQueue({ spec, title }: PlannedStep): { taskQueue: string; activity: string; undo: string | null } {
  if (!spec?.taskQueue || !spec.activity) throw new Error(`the step "${title}" names no queue`);
  return { taskQueue: spec.taskQueue, activity: spec.activity, undo: spec.undo ?? null };
}

const refOf = ({ runId, tenantId, epoch }: RunInput) => ({ runId, tenantId, epoch });
