import { createHash } from 'node:crypto';
import { absoluteSeconds, endSession, findSession, startSession, type SignedIn } from '#domain/people/sessions.ts';
import type { Platform } from '#domain/platform.ts';

const keptMs = 5_000;
const mostKept = 10_000;
const recheckMs = 5_000;
const tokenShape = /^[\w-]{43}$/;

/** Names a session without opening it: what the registry stores, and what a change is announced under. */
const idOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/**
 * The sessions as this process knows them: read from memory for some seconds, dropped as soon as a sign-out is heard of, and all of
 * them whenever something may have been missed. While nothing can be heard, nothing is kept.
 */
export class Sessions {
  readonly #platform: Platform;
  readonly #kept = new Map<string, { signedIn: SignedIn; until: number }>();
  readonly #watched = new Map<string, { token: string; ended: Set<() => void> }>();
  readonly #stop: (() => void)[];
  /** Grows with everything that is dropped, so that an answer asked for before is not kept after it. */
  #generation = 0;

  constructor(platform: Platform) {
    this.#platform = platform;
    const timer = setInterval(() => void this.#recheck(), recheckMs).unref();
    this.#stop = [
      platform.announcer.onChange((change) => {
        if (change.kind === 'session') this.#drop(change.id);
      }),
      platform.announcer.onGap(() => {
        this.#generation += 1;
        this.#kept.clear();
        void this.#recheck();
      }),
      () => clearInterval(timer),
    ];
  }

  /** Who this token belongs to; null when nobody is signed in by it. */
  async find(token: string | null): Promise<SignedIn | null> {
    if (token === null || !tokenShape.test(token)) return null;
    const id = idOf(token);
    const kept = this.#kept.get(id);
    const now = Date.now();
    if (kept && kept.until > now && kept.signedIn.expiresAt.getTime() > now) return kept.signedIn;
    this.#kept.delete(id);
    const generation = this.#generation;
    const signedIn = await findSession(this.#platform.registry.em.fork(), token);
    if (signedIn && generation === this.#generation && this.#platform.announcer.connected) {
      if (this.#kept.size >= mostKept) this.#kept.delete(this.#kept.keys().next().value ?? '');
      this.#kept.set(id, { signedIn, until: now + keptMs });
    }
    return signedIn;
  }

  async start(userId: string): Promise<{ token: string; signedIn: SignedIn }> {
    const { token } = await startSession(this.#platform.registry.em.fork(), userId, absoluteSeconds);
    const signedIn = await this.find(token);
    if (!signedIn) throw new Error('a session that was just begun is not there');
    return { token, signedIn };
  }

  async end(token: string): Promise<void> {
    await endSession(this.#platform.registry.em.fork(), token);
    this.#drop(idOf(token));
    this.#platform.announcer.announce('session', idOf(token), 1);
  }

  /** Calls back once when the session ends by sign-out, expiry or a disabled user. Returns the way to stop watching. */
  watch(token: string, ended: () => void): () => void {
    const id = idOf(token);
    const watched = this.#watched.get(id) ?? { token, ended: new Set() };
    this.#watched.set(id, watched);
    watched.ended.add(ended);
    return () => {
      watched.ended.delete(ended);
      if (watched.ended.size === 0 && this.#watched.get(id) === watched) this.#watched.delete(id);
    };
  }

  stop(): void {
    for (const stop of this.#stop) stop();
  }

  #drop(id: string): void {
    this.#generation += 1;
    this.#kept.delete(id);
    void this.#recheck(id);
  }

  async #recheck(only?: string): Promise<void> {
    for (const [id, { token, ended }] of this.#watched) {
      if (only !== undefined && only !== id) continue;
      try {
        if (await this.find(token)) continue;
      } catch {
        continue; // The registry cannot say; it is asked again.
      }
      this.#watched.delete(id);
      for (const tell of ended) tell();
    }
  }
}
