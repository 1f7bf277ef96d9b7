import { readAccessEpoch } from '#domain/access/epoch.ts';
import type { Grants } from '#domain/access/grants.ts';
import { loadGrants } from '#domain/access/loadGrants.ts';
import { reportGrants } from '#observability/accessMetrics.ts';
import type { Platform } from '#domain/platform.ts';

const pollMs = 500;
/** What was taken away longer ago than this is not permitted any more, whatever was missed. */
const trustedMs = 1_000;

/**
 * Who may do what, as this process knows it: in memory, made anew when a change is announced, and compared with the registry twice
 * a second in any case. While nothing can be heard or compared, every question is asked of the registry.
 */
export class Access {
  readonly #platform: Platform;
  readonly #listeners = new Set<() => void>();
  readonly #stop: (() => void)[];
  #grants: Grants | null = null;
  #loading: Promise<Grants> | null = null;
  /** Up to where nothing was missed; null while that is not known. */
  #epoch: number | null = null;
  /** When the last comparison with the registry was begun. */
  #comparedAt = -Infinity;
  #comparing = false;

  constructor(platform: Platform) {
    this.#platform = platform;
    const timer = setInterval(() => void this.#compare(), pollMs).unref();
    this.#stop = [
      platform.announcer.onChange(({ kind, version }) => {
        if (kind === 'access' && this.#epoch !== null) this.#reach(version);
      }),
      platform.announcer.onGap(() => {
        this.#epoch = null;
        this.#drop();
        void this.#compare();
      }),
      () => clearInterval(timer),
    ];
    void this.#compare();
  }

  /** Whether what this process remembers may be believed now: sessions, keys and grants alike. */
  get isTrusted(): boolean {
    return (
      this.#epoch !== null && this.#platform.announcer.connected && performance.now() - this.#comparedAt <= trustedMs
    );
  }

  /** Told whenever something may have been taken away from somebody: whatever was remembered must be dropped. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The grants to answer by; not a promise when they are at hand. */
  current(): Grants | Promise<Grants> {
    if (this.#grants !== null && this.isTrusted) return this.#grants;
    return this.#load();
  }

  /**
   * The same for questions about one person. Who has no role at all may have been given one this moment, by another process: that
   * is looked up instead of refused.
   */
  async knowing(userId: string): Promise<Grants> {
    const grants = await this.current();
    if (grants.knows(userId)) return grants;
    this.#reach(await readAccessEpoch(this.#platform.registry.em.fork()));
    return this.current();
  }

  /** This process changed something itself, up to here, and answers by it at once. */
  refresh(epoch: number): void {
    if (this.#epoch === null) this.#drop();
    else this.#reach(epoch);
  }

  stop(): void {
    for (const stop of this.#stop) stop();
  }

  #reach(epoch: number): void {
    if (this.#epoch !== null && epoch <= this.#epoch) return;
    this.#epoch = epoch;
    this.#drop();
  }

  #drop(): void {
    this.#grants = null;
    this.#loading = null;
    reportGrants(0);
    for (const listener of this.#listeners) listener();
  }

  #load(): Promise<Grants> {
    if (this.#loading) return this.#loading;
    const loading = loadGrants(this.#platform.registry.em.fork())
      .then((grants) => {
        // Dropped meanwhile: good for who asked before, not for later.
        if (this.#loading !== loading) return grants;
        this.#grants = grants;
        reportGrants(grants.count);
        return grants;
      })
      .finally(() => {
        if (this.#loading === loading) this.#loading = null;
      });
    this.#loading = loading;
    return loading;
  }

  async #compare(): Promise<void> {
    if (this.#comparing) return;
    this.#comparing = true;
    try {
      const begun = performance.now();
      this.#reach(await readAccessEpoch(this.#platform.registry.em.fork()));
      this.#comparedAt = begun;
      if (this.#grants === null) await this.#load();
    } catch {
      // The registry is away: until it is compared again, nothing remembered is believed.
    } finally {
      this.#comparing = false;
    }
  }
}
