import { announceAccess, readAccessEpoch } from '#domain/access/epoch.ts';
import type { Actor } from '#domain/events/appendEvent.ts';
import {
  beginSession,
  endSession,
  findSession,
  hashOfSession,
  renewSession,
  stillOpen,
  type Place,
  type SignedIn,
  type SignInFactor,
} from '#domain/people/sessions.ts';
import type { Platform } from '#domain/platform.ts';
import { findActing } from '#domain/support/acting.ts';
import type { Access } from '../access/access.ts';

const keptMs = 5_000;
const mostKept = 10_000;
const recheckMs = 5_000;
const tokenShape = /^[\w-]{43}$/;

const idOf = (token: string): string => hashOfSession(token).toString('hex');

export interface Opened {
  token: string;
  signedIn: SignedIn;
}

/**
 * The sessions as this process knows them: read from memory for some seconds, all of them dropped as soon as something was taken
 * away from somebody. While what is remembered cannot be trusted, nothing is.
 */
export class Sessions {
  readonly #platform: Platform;
  readonly #access: Access;
  readonly #kept = new Map<string, { signedIn: SignedIn; until: number }>();
  readonly #watched = new Map<string, Set<() => void>>();
  readonly #stop: (() => void)[];
  /** Grows with everything that is dropped, so that an answer asked for before is not kept after it. */
  #generation = 0;

  constructor(platform: Platform, access: Access) {
    this.#platform = platform;
    this.#access = access;
    const timer = setInterval(() => void this.#recheck(), recheckMs).unref();
    this.#stop = [access.onChange(() => this.#drop()), () => clearInterval(timer)];
  }

  /**
   * Who this token belongs to; null when nobody is signed in by it there.
   *
   * @param tenantId at whose portal; null for the platform, where no person of a tenant is anybody, nor the other way round
   */
  async find(token: string | null, tenantId: string | null = null): Promise<SignedIn | null> {
    const signedIn = await this.#find(token);
    return signedIn?.tenantId === tenantId ? signedIn : null;
  }

  async #find(token: string | null): Promise<SignedIn | null> {
    if (token === null || !tokenShape.test(token)) return null;
    const id = idOf(token);
    const kept = this.#kept.get(id);
    const now = Date.now();
    const isTrusted = this.#access.isTrusted;
    if (kept && isTrusted && kept.until > now && kept.signedIn.expiresAt.getTime() > now) return kept.signedIn;
    this.#kept.delete(id);
    const generation = this.#generation;
    const signedIn = await this.#read(token);
    if (signedIn && isTrusted && generation === this.#generation) {
      if (this.#kept.size >= mostKept) this.#kept.delete(this.#kept.keys().next().value ?? '');
      this.#kept.set(id, { signedIn, until: now + keptMs });
    }
    return signedIn;
  }

  /** A new session for somebody who proved who they are. */
  async begin(
    user: { userId: string; tenantId: string | null; factor: SignInFactor; place: Place; passwordHash?: string | null },
    actor: Actor,
  ): Promise<Opened> {
    const { token } = await this.#em.transactional((tx) =>
      beginSession(tx, { ...user, seconds: this.#limits.absoluteSeconds }, actor),
    );
    return this.#opened(token, user.tenantId);
  }

  /** The same session under a new token, because the person proved again who they are. */
  async renew(token: string, tenantId: string | null): Promise<Opened> {
    const renewed = await renewSession(this.#em, token);
    await this.changed();
    return this.#opened(renewed.token, tenantId);
  }

  /** @param actor who signs out; without one, the session only gives way to another */
  async end(token: string, actor?: Actor): Promise<void> {
    await endSession(this.#em, token, actor);
    await this.changed();
  }

  /** After anything was taken away from somebody, here: this process and the others forget what they remembered. */
  async changed(): Promise<void> {
    const epoch = await readAccessEpoch(this.#em);
    this.#access.refresh(epoch);
    announceAccess(this.#platform.announcer, epoch);
  }

  /** Calls back once when the session ends by sign-out, expiry or a disabled user. Returns the way to stop watching. */
  watch(token: string, ended: () => void): () => void {
    const id = idOf(token);
    const watched = this.#watched.get(id) ?? new Set();
    this.#watched.set(id, watched);
    watched.add(ended);
    return () => {
      watched.delete(ended);
      if (watched.size === 0 && this.#watched.get(id) === watched) this.#watched.delete(id);
    };
  }

  stop(): void {
    for (const stop of this.#stop) stop();
  }

  get #em() {
    return this.#platform.registry.em.fork();
  }

  get #limits() {
    return this.#platform.configuration.sessions;
  }

  async #opened(token: string, tenantId: string | null): Promise<Opened> {
    const signedIn = await this.find(token, tenantId);
    if (!signedIn) throw new Error('a session that was just begun is not there');
    return { token, signedIn };
  }

  async #read(token: string): Promise<SignedIn | null> {
    const signedIn = await findSession(this.#em, this.#platform.tenantKeys, token, this.#limits.idleSeconds);
    if (!signedIn?.supportAccessId) return signedIn;
    return { ...signedIn, acting: await findActing(this.#em, this.#platform.tenantKeys, signedIn.supportAccessId) };
  }

  #drop(): void {
    this.#generation += 1;
    this.#kept.clear();
    void this.#recheck();
  }

  async #recheck(): Promise<void> {
    if (this.#watched.size === 0) return;
    try {
      const open = await stillOpen(this.#em, [...this.#watched.keys()], this.#limits.idleSeconds);
      for (const [id, ended] of [...this.#watched]) {
        if (open.has(id)) continue;
        this.#watched.delete(id);
        for (const tell of ended) tell();
      }
    } catch {
      // The registry cannot say; it is asked again.
    }
  }
}
