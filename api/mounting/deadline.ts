import { DomainError } from '#contracts/errors.ts';

/** No request outlives this, from its arrival on; what it began goes on and is found by its id or its idempotency key. */
const deadlineMs = 12_000;

/** The one clock of a request: whoever lets it in, looks for its approval and answers it share the time there is. */
export class Deadline {
  #leftMs = deadlineMs;
  #since = 0;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #hasEnded = false;
  #giveUp: (() => void) | null = null;

  constructor() {
    this.#run();
  }

  #run(): void {
    if (this.#hasEnded) return;
    this.#since = performance.now();
    this.#timer = setTimeout(() => {
      this.#isOver = true;
      this.#giveUp?.();
    }, this.#leftMs);
  }

  /**
   * What this work comes to, if it comes in time. One work at a time.
   *
   * @throws `dependency_down` · what the work throws
   */
  hold<Result>(work: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#giveUp = () => reject(tooLate());
      if (this.#isOver) this.#giveUp();
      work.then(resolve, reject);
    });
  }

  /** The clock stands still meanwhile: how long somebody takes to send a body is not our delay. */
  async spare<Result>(work: Promise<Result>): Promise<Result> {
    clearTimeout(this.#timer);
    this.#leftMs -= performance.now() - this.#since;
    try {
      return await work;
    } finally {
      this.#run();
    }
  }

  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
  }
}

const tooLate = (): DomainError =>
  new DomainError('dependency_down', `There was no answer within ${deadlineMs / 1000} seconds.`);
