import { DomainError } from '#contracts/errors.ts';

export interface Rate {
  perSecond: number;
  burst: number;
}

const mostCallers = 10_000;

/** A token bucket for each caller, in the memory of this process: N processes let N times as much through. */
export class CallerRates {
  readonly #rate: Rate;
  readonly #buckets = new Map<string, { left: number; at: number }>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Refuses with `too_many_requests` who asks faster than the rate. */
  take(caller: string, now = performance.now()): void {
    const { perSecond, burst } = this.#rate;
    const bucket = this.#buckets.get(caller) ?? { left: burst, at: now };
    const left = Math.min(burst, bucket.left + ((now - bucket.at) / 1000) * perSecond);
    if (left < 1) throw new DomainError('too_many_requests', 'Too many requests. Try again in a moment.');
    this.#buckets.delete(caller); // the longest idle are the first in the map
    if (this.#buckets.size >= mostCallers) this.#buckets.delete(this.#buckets.keys().next().value ?? '');
    this.#buckets.set(caller, { left: left - 1, at: now });
  }
}
