import type { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type {
  ActivityExecuteInput,
  ActivityInboundCallsInterceptor,
  ActivityInterceptors,
  Next,
} from '@temporalio/worker';
import { DomainError } from '#contracts/errors.ts';
import type { Reason, StepInput } from '#contracts/workflowInputs.ts';
import type { Ledger } from '#domain/runs/ledger.ts';
import { withLogContext, type Logger } from '#observability/logging.ts';
import { countAttempt } from '#observability/metrics.ts';
import { ProviderError } from '#providers/provider.ts';

const heartbeatEveryMs = 500;
/** How long another system may have us wait, whatever it asks for. */
const longestPauseMs = 600_000;

/**
 * Around every attempt of an activity: the ledger is told before anything is touched, heartbeats show that the process lives,
 * and errors become what the run may show.
 */
export const stepInterceptor =
  ({ ledger, logger }: { ledger: Ledger; logger: Logger }) =>
  (context: Context): ActivityInterceptors => ({
    inbound: new StepAttempt(context, ledger, logger),
  });

class StepAttempt implements ActivityInboundCallsInterceptor {
  readonly #context: Context;
  readonly #ledger: Ledger;
  readonly #logger: Logger;

  constructor(context: Context, ledger: Ledger, logger: Logger) {
    this.#context = context;
    this.#ledger = ledger;
    this.#logger = logger;
  }

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    const { activityId, activityType, attempt, heartbeatTimeoutMs } = this.#context.info;
    const step = stepOf(input.args[0]);
    const pulse = heartbeatTimeoutMs ? setInterval(() => this.#context.heartbeat(), heartbeatEveryMs) : null;
    const ids = input.args[0] as { runId?: string; tenantId?: string } | undefined;
    try {
      return await withLogContext(
        { ...(ids?.runId ? { runId: ids.runId } : {}), ...(ids?.tenantId ? { tenantId: ids.tenantId } : {}) },
        () =>
          countAttempt(activityType, async () => {
            if (!step) return next(input);
            const begun = await this.#ledger.beginAttempt(step, step.intent, {
              execution: Number(activityId),
              attempt,
            });
            if (!begun) return undefined;
            const result = await next(input);
            if (step.closes) await this.#ledger.finishStep(step, 'done', null);
            return result;
          }),
      );
    } catch (error) {
      if (error instanceof CancelledFailure || error instanceof ApplicationFailure) throw error;
      throw await this.#explain(activityType, step, error);
    } finally {
      if (pulse) clearInterval(pulse);
    }
  }

  async #explain(activityType: string, step: StepInput | null, error: unknown): Promise<ApplicationFailure> {
    const { reason, retryable, pauseMs } = describe(activityType, error);
    this.#logger[retryable ? 'warn' : 'info'](
      { err: error, activity: activityType, code: reason.code },
      'activity attempt failed',
    );
    // The ledger may be what is out of reach; then the reason waits for the next attempt's.
    if (step && retryable) await this.#note(activityType, step, reason).catch(() => undefined);
    return ApplicationFailure.create({
      type: reason.code,
      message: reason.text,
      nonRetryable: !retryable,
      ...(pauseMs ? { nextRetryDelay: Math.min(pauseMs, longestPauseMs) } : {}),
    });
  }

  /** An outage is shown at its step, and counted against its provider. */
  async #note(activityType: string, step: StepInput, reason: Reason): Promise<void> {
    await this.#ledger.noteFailedAttempt(step, reason);
    const [provider = '', verb] = activityType.split('.');
    if (verb === 'ensure') await this.#ledger.noteOutage({ provider, runId: step.runId, reason });
  }
}

/** Only sentences that we wrote, and codes of PostgreSQL and the system, reach the run; the rest is for the log. */
function describe(
  activityType: string,
  error: unknown,
): { reason: Reason; retryable: boolean; pauseMs?: number | null } {
  if (error instanceof DomainError)
    return { reason: { code: error.code, text: error.publicMessage }, retryable: false };
  if (error instanceof ProviderError)
    return {
      reason: { code: 'provider_error', text: error.message },
      retryable: error.retryable,
      pauseMs: error.retryAfterMs,
    };
  const { code } = error as { code?: unknown };
  const suffix = typeof code === 'string' && /^[A-Z0-9_]{3,40}$/.test(code) ? ` (${code})` : '';
  return {
    reason: { code: 'internal', text: `${activityType} met an error${suffix}; the log of the worker tells more.` },
    retryable: true,
  };
}

function stepOf(value: unknown): StepInput | null {
  const step = value as Partial<StepInput> | null;
  return typeof step === 'object' && step !== null && step.intent !== undefined && step.stepId !== undefined
    ? (step as StepInput)
    : null;
}
