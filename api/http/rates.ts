import { DomainError } from '#contracts/errors.ts';

export interface Rate {
  perSecond: number;
  burst: number;
}

/** How somebody stands with a rate after asking once more. */
export interface Standing {
  /** How many more may be asked at once. */
  left: number;
  /** Until the whole burst is there again. */
  fullInSeconds: number;
  /** 0 when this one was let through; else how long to wait. */
  waitSeconds: number;
}

interface Bucket {
  left: number;
  at: number;
}

const mostRemembered = 20_000;

/**
 * A token bucket for each caller, in the memory of this process: N processes let N times as much through. Who was idle while many
 * thousand others asked is forgotten, which only makes the bucket full.
 */
export class CallerRates {
  readonly #rate: Rate;
  #recent = new Map<string, Bucket>();
  #earlier = new Map<string, Bucket>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Refuses with `too_many_requests` who asks faster than the rate. */
  take(caller: string, now?: number): void {
    const { waitSeconds } = this.ask(caller, now);
    if (waitSeconds > 0) throw tooMany(waitSeconds);
  }

  /** Counts one request, unless there is nothing left. A rate of the caller's own takes the place of everybody's. */
  ask(caller: string, now = performance.now(), { perSecond, burst }: Rate = this.#rate): Standing {
    const bucket = this.#bucketOf(caller, burst, now);
    const left = Math.min(burst, bucket.left + ((now - bucket.at) / 1000) * perSecond);
    const isLetThrough = left >= 1;
    bucket.left = isLetThrough ? left - 1 : left;
    bucket.at = now;
    return {
      left: Math.floor(bucket.left),
      fullInSeconds: Math.ceil((burst - bucket.left) / perSecond),
      waitSeconds: isLetThrough ? 0 : (1 - left) / perSecond,
    };
  }

  #bucketOf(caller: string, burst: number, now: number): Bucket {
    let bucket = this.#recent.get(caller);
    if (bucket) return bucket;
    bucket = this.#earlier.get(caller) ?? { left: burst, at: now };
    // Two halves instead of one list in order of use: forgetting the idle half at once costs nothing for each request.
    if (this.#recent.size >= mostRemembered / 2) [this.#earlier, this.#recent] = [this.#recent, new Map()];
    this.#recent.set(caller, bucket);
    return bucket;
  }
}

/** @param waitSeconds becomes `Retry-After` */
export const tooMany = (waitSeconds: number): DomainError =>
  new DomainError('too_many_requests', 'Too many requests. Try again in a moment.', {
    extra: { retryAfterSeconds: Math.max(1, Math.ceil(waitSeconds)) },
  });
