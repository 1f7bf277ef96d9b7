import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { LoadOrder, LoadOutcome } from './generator.ts';

/** A process that asks as it is told, one order after the other. */
export class LoadGenerator {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(join(import.meta.dirname, 'generator.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  async load(order: LoadOrder): Promise<LoadOutcome> {
    this.#child.send(order);
    const signal = AbortSignal.timeout(order.seconds * 1000 + 60_000);
    const [message] = (await once(this.#child, 'message', { signal })) as [{ outcome?: LoadOutcome; failed?: string }];
    if (!message.outcome) throw new Error(`the load could not be made: ${message.failed}`);
    const { others, count } = message.outcome;
    if (Object.keys(others).length > 0)
      throw new Error(`of ${count} requests, these were answered otherwise than by 200: ${JSON.stringify(others)}`);
    return message.outcome;
  }

  stop(): void {
    this.#child.kill();
  }
}
