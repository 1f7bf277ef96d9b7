import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Platform } from '#domain/platform.ts';
import { rows } from '#domain/sql.ts';

const patienceMs = 2_000;
/** Asked by every load balancer at once, the dependencies are asked once a second. */
const keptMs = 1_000;
/** A worker's poll takes a minute; one that did not poll for longer is gone. */
const pollSeconds = 70;

const workflowTaskQueueType = 1;

export interface Ready {
  ready: boolean;
  database: 'up' | 'down';
  temporal: 'up' | 'down';
  /** Whether a worker asked for work lately; without one, runs wait. */
  worker: 'polling' | 'absent' | 'unknown';
}

export class Readiness {
  readonly #platform: Platform;
  readonly #client: Client;
  #asked: { at: number; answer: Promise<Ready> } | null = null;

  constructor(platform: Platform, client: Client) {
    this.#platform = platform;
    this.#client = client;
  }

  read(): Promise<Ready> {
    const now = Date.now();
    if (!this.#asked || this.#asked.at + keptMs < now) this.#asked = { at: now, answer: this.#ask() };
    return this.#asked.answer;
  }

  async #ask(): Promise<Ready> {
    const [database, worker] = await Promise.all([
      within(rows(this.#platform.registry.em.fork())`select 1`.then(() => 'up' as const)),
      within(this.#findPollers()),
    ]);
    return {
      ready: database !== null && worker !== null,
      database: database ?? 'down',
      temporal: worker === null ? 'down' : 'up',
      worker: worker ?? 'unknown',
    };
  }

  async #findPollers(): Promise<'polling' | 'absent'> {
    const { namespace } = this.#client.options;
    const { pollers } = await this.#client.withDeadline(Date.now() + patienceMs, () =>
      this.#client.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: this.#platform.configuration.taskQueue },
        taskQueueType: workflowTaskQueueType,
      }),
    );
    const oldest = Date.now() / 1000 - pollSeconds;
    return (pollers ?? []).some((poller) => Number(poller.lastAccessTime?.seconds ?? 0) > oldest)
      ? 'polling'
      : 'absent';
  }
}

/** Null when it failed or took too long. */
const within = <Result>(asking: Promise<Result>): Promise<Result | null> =>
  Promise.race([asking.catch(() => null), sleep(patienceMs, null, { ref: false })]);
