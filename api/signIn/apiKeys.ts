import { findKeyHolder, type KeyHolder } from '#domain/apiKeys/findKeyHolder.ts';
import type { Platform } from '#domain/platform.ts';
import { hashOfToken } from '#domain/secrets/tokens.ts';
import type { Access } from '../access/access.ts';

/** As long as its use is noted for: whoever uses a key all the time costs one look at the registry a minute. */
const keptMs = 60_000;
const mostKept = 10_000;
const recheckMs = 5_000;

interface Kept {
  holder: KeyHolder;
  until: number;
}

/**
 * The keys as this process knows them: kept in memory by their digests, and all dropped whenever something may have been taken away
 * from anybody. While that cannot be heard of, nothing kept is believed.
 */
export class ApiKeys {
  readonly #platform: Platform;
  readonly #access: Access;
  readonly #kept = new Map<string, Kept>();
  readonly #asked = new Map<string, Promise<KeyHolder | null>>();
  readonly #watched = new Set<{ key: string; ended: () => void }>();
  readonly #stop: (() => void)[];
  /** Grows with everything that is dropped, so that an answer asked for before is not kept after it. */
  #generation = 0;

  constructor(platform: Platform, access: Access) {
    this.#platform = platform;
    this.#access = access;
    const timer = setInterval(() => void this.#recheck(), recheckMs).unref();
    this.#stop = [
      access.onChange(() => {
        this.#generation += 1;
        this.#kept.clear();
        this.#asked.clear();
        void this.#recheck();
      }),
      () => clearInterval(timer),
    ];
  }

  /** Whom this key stands for; null when it is none, or over. */
  async find(key: string): Promise<KeyHolder | null> {
    const digest = hashOfToken(key).toString('base64');
    const kept = this.#kept.get(digest);
    if (kept && kept.until > Date.now() && this.#access.isTrusted) return kept.holder;
    this.#kept.delete(digest);
    // Many requests of a key that is not in memory are one question to the registry.
    let asked = this.#asked.get(digest);
    if (!asked) {
      asked = this.#read(key, digest).finally(() => {
        if (this.#asked.get(digest) === asked) this.#asked.delete(digest);
      });
      this.#asked.set(digest, asked);
    }
    return asked;
  }

  /** Calls back once when the key ends. Returns the way to stop watching. */
  watch(key: string, ended: () => void): () => void {
    const one = { key, ended };
    this.#watched.add(one);
    return () => this.#watched.delete(one);
  }

  stop(): void {
    for (const stop of this.#stop) stop();
  }

  async #recheck(): Promise<void> {
    for (const one of this.#watched) {
      try {
        const holder = await this.find(one.key);
        if (holder && !holder.isSuspended) continue;
      } catch {
        continue; // The registry cannot say; it is asked again.
      }
      this.#watched.delete(one);
      one.ended();
    }
  }

  async #read(key: string, digest: string): Promise<KeyHolder | null> {
    const generation = this.#generation;
    const holder = await findKeyHolder(this.#platform.registry.em.fork(), key);
    if (!holder || generation !== this.#generation || !this.#access.isTrusted) return holder;
    if (this.#kept.size >= mostKept) this.#kept.delete(this.#kept.keys().next().value ?? '');
    const until = Math.min(Date.now() + keptMs, holder.validUntil.getTime());
    this.#kept.set(digest, { holder, until });
    return holder;
  }
}
