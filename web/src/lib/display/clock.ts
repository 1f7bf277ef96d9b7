import { createSubscriber } from 'svelte/reactivity';

/** The time, which whatever reads it in a component reads again at this pace; it runs only while somebody looks. */
class Clock {
  readonly #follow: () => void;

  constructor(everyMilliseconds: number) {
    this.#follow = createSubscriber((update) => {
      const timer = setInterval(update, everyMilliseconds);
      return () => clearInterval(timer);
    });
  }

  get now(): number {
    this.#follow();
    return Date.now();
  }
}

/** For what is running at this moment. */
export const stopwatch = new Clock(100);
/** For counting down. */
export const secondHand = new Clock(1000);
/** For "how long ago". */
export const wallClock = new Clock(10_000);
