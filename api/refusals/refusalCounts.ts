import type { Refusal } from '#domain/audit/appendRefusals.ts';
import type { Actor } from '#domain/events/appendEvent.ts';
import { CallerRates } from '../http/rates.ts';

interface Counted extends Omit<Refusal, 'actor' | 'count' | 'since'> {
  who: string;
  /** Asked once for each that is kept. */
  actorOf(): Actor;
}

/** So many kinds of refusal are told apart in a minute; what comes after them is counted together. */
const mostKinds = 200;
const everybody = 'everybody else';

/** Refusals that are not told one by one, in the memory of this process. */
export class RefusalCounts {
  readonly #single = new CallerRates({ perSecond: 1, burst: 60 });
  #kinds = new Map<string, Refusal & { count: number }>();

  /** Whether a single event may be spent on somebody. */
  mayTellOf(who: string): boolean {
    try {
      this.#single.take(who);
      return true;
    } catch {
      return false;
    }
  }

  add({ who, actorOf, ...what }: Counted): void {
    const isRoom = this.#kinds.size < mostKinds;
    const key = `${who} ${what.code} ${what.route}`;
    const known = this.#kinds.get(key) ?? (isRoom ? undefined : this.#kinds.get(everybody));
    if (known) {
      known.count += 1;
      return;
    }
    const since = new Date().toISOString();
    if (isRoom) this.#kinds.set(key, { ...what, actor: actorOf(), count: 1, since });
    else {
      const nobody: Actor = { userId: null, requestId: null, kind: 'user' };
      this.#kinds.set(everybody, { ...what, route: everybody, ids: {}, actor: nobody, count: 1, since });
    }
  }

  /** What was counted since the last time, and begins anew. */
  take(): Refusal[] {
    const taken = [...this.#kinds.values()];
    this.#kinds = new Map();
    return taken;
  }
}
