import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { v4 as randomId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import { callbackSignal, decideSignal, wakeSignal } from '#contracts/workflowInputs.ts';
import type { Platform } from '#domain/platform.ts';
import { rows } from '#domain/sql.ts';
import type { Logger } from '#observability/logging.ts';
import { startRun } from '#temporal/startRun.ts';
import type { planTenant } from '#workflows/tenant/planTenant.ts';

const patienceMs = 3_000;
const planPatienceMs = 5_000;

/**
 * What the API asks of Temporal. Starting and cancelling come after the commit and are best effort: the ledger says what is to
 * happen, and the reconciler repeats what did not arrive.
 */
export class WorkflowDesk {
  readonly #platform: Platform;
  readonly #client: Client;
  readonly #logger: Logger;
  readonly #underWay = new Set<Promise<void>>();

  constructor(platform: Platform, client: Client, logger: Logger) {
    this.#platform = platform;
    this.#client = client;
    this.#logger = logger;
  }

  /** Starts the workflow of a committed run; returns when it runs, or after three seconds in any case. Never throws. */
  start(runId: string): Promise<void> {
    return this.#attempt(startRun(this.#platform, this.#client, runId), `run ${runId} was not started yet`);
  }

  /** Tells the workflow of a run that its cancellation was asked for. Never throws. */
  deliverCancel(run: { id: string; workflowId: string }): Promise<void> {
    const delivering = async () => {
      await this.#client.withDeadline(Date.now() + patienceMs, () =>
        this.#client.workflow.getHandle(run.workflowId).cancel(),
      );
      await rows(this.#platform.registry.em.fork())`
        update runs set cancel_delivered_at = now() where id = ${run.id} and cancel_delivered_at is null`;
    };
    return this.#attempt(delivering(), `the cancellation of run ${run.id} was not delivered yet`);
  }

  /** Tells workflows that their runs were decided upon. Never throws. */
  deliverDecisions(decisions: { id: string; workflowId: string }[]): Promise<void> {
    const delivering = async () => {
      for (const { id, workflowId } of decisions) {
        await this.#client.withDeadline(Date.now() + patienceMs, () =>
          this.#client.workflow.getHandle(workflowId).signal(decideSignal, id),
        );
        await rows(this.#platform.registry.em.fork())`
          update decisions set delivered_at = now() where id = ${id} and delivered_at is null`;
      }
    };
    return this.#attempt(delivering(), 'a decision was not delivered yet');
  }

  /** Tells a workflow that it has something to look at; it would look by itself, later. Never throws. */
  wake(workflowId: string): Promise<void> {
    const telling = this.#client.withDeadline(Date.now() + patienceMs, () =>
      this.#client.workflow.getHandle(workflowId).signal(wakeSignal),
    );
    return this.#attempt(telling, `workflow ${workflowId} was not woken yet`);
  }

  /** Tells a workflow that a callback was answered; it would look by itself, later. Never throws. */
  tellOfAnswer({ workflowId, callbackId }: { workflowId: string; callbackId: string }): Promise<void> {
    const telling = this.#client.withDeadline(Date.now() + patienceMs, () =>
      this.#client.workflow.getHandle(workflowId).signal(callbackSignal, callbackId),
    );
    return this.#attempt(telling, `workflow ${workflowId} was not told of the answer to ${callbackId} yet`);
  }

  /** Asks a worker what its providers would do. Refuses (`dependency_down`) when none answers within five seconds. */
  async plan(question: Parameters<typeof planTenant>[0]): ReturnType<typeof planTenant> {
    const deadline = Date.now() + planPatienceMs;
    const handle = await this.#client.withDeadline(Date.now() + patienceMs, () =>
      this.#client.workflow.start<typeof planTenant>('planTenant', {
        workflowId: `planTenant/platform/${randomId()}`,
        taskQueue: this.#platform.configuration.taskQueue,
        args: [question],
        workflowExecutionTimeout: planPatienceMs,
        workflowTaskTimeout: '3s',
      }),
    );
    const answered = this.#client.withDeadline(deadline + patienceMs, () => handle.result());
    answered.catch(() => undefined); // Answered below, whichever comes first.
    const noWorker = new DomainError('dependency_down', 'No worker answered within five seconds: is one running?');
    try {
      const planned = await Promise.race([answered, sleep(deadline - Date.now(), null, { ref: false })]);
      if (planned === null) throw noWorker;
      return planned;
    } catch (error) {
      const { cause } = error as Error;
      if (cause instanceof Error && cause.name === 'TimeoutFailure') throw noWorker;
      throw error;
    }
  }

  /** What is still on its way to Temporal arrives before the connection is closed. */
  async stop(): Promise<void> {
    await Promise.race([Promise.allSettled(this.#underWay), sleep(patienceMs, undefined, { ref: false })]);
  }

  async #attempt(work: Promise<void>, otherwise: string): Promise<void> {
    const attempt = work.catch((error: unknown) => this.#logger.warn({ err: error }, otherwise));
    this.#underWay.add(attempt);
    void attempt.finally(() => this.#underWay.delete(attempt));
    await Promise.race([attempt, sleep(patienceMs, undefined, { ref: false })]);
  }
}
