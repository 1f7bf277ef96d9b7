import { EventEmitter, once } from 'node:events';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { Run } from '#contracts/runs.ts';
import type { Platform } from '#domain/platform.ts';
import { findRunView } from '#domain/runs/viewRun.ts';
import { rows } from '#domain/sql.ts';
import { watchers as watcherGauge } from '#observability/metrics.ts';

const rereadMs = 2_000;

/** One run that somebody looks at. */
interface Watched {
  run: Run | null;
  watchers: number;
  /** The newest version that was heard of. */
  heard: number;
  reading: Promise<void> | null;
  changed: EventEmitter;
}

/**
 * Follows runs for any number of watchers with one read per version: told by the announcer when it can, and by asking for the
 * versions of all watched runs every two seconds, in one statement, in any case.
 */
export class RunWatch {
  readonly #platform: Platform;
  readonly #watched = new Map<string, Watched>();
  readonly #stop: (() => void)[];

  constructor(platform: Platform) {
    this.#platform = platform;
    const timer = setInterval(() => void this.#reread(), rereadMs).unref();
    this.#stop = [
      platform.announcer.onChange(({ kind, id, version }) => {
        const watched = kind === 'run' ? this.#watched.get(id) : undefined;
        if (watched) this.#hear(id, watched, version);
      }),
      platform.announcer.onGap(() => void this.#reread()),
      () => clearInterval(timer),
    ];
  }

  /**
   * The run as it is, and again whenever it changed, until it is over or `signal` aborts. A slow reader misses versions in between,
   * never the newest. Refuses with `not_found`.
   */
  async *follow(runId: string, signal: AbortSignal): AsyncGenerator<Run> {
    const watched = this.#enter(runId);
    watcherGauge.inc();
    try {
      for (let seen = -1; !signal.aborted;) {
        if (!watched.run || watched.run.version <= seen) {
          if (!watched.run) await this.#read(runId, watched);
          else await once(watched.changed, 'change', { signal }).catch(() => undefined);
          continue;
        }
        const { run } = watched;
        yield run;
        if (runIsOver(run.state)) return;
        seen = run.version;
      }
    } finally {
      watcherGauge.dec();
      watched.watchers -= 1;
      if (watched.watchers === 0 && this.#watched.get(runId) === watched) this.#watched.delete(runId);
    }
  }

  stop(): void {
    for (const stop of this.#stop) stop();
  }

  #enter(runId: string): Watched {
    let watched = this.#watched.get(runId);
    if (!watched) {
      watched = { run: null, watchers: 0, heard: 0, reading: null, changed: new EventEmitter().setMaxListeners(0) };
      this.#watched.set(runId, watched);
    }
    watched.watchers += 1;
    return watched;
  }

  #hear(runId: string, watched: Watched, version: number): void {
    watched.heard = Math.max(watched.heard, version);
    // A failed read is repeated at the next look at the versions.
    if (watched.run && watched.run.version < watched.heard) this.#read(runId, watched).catch(() => undefined);
  }

  /** One read at a time; what was heard of meanwhile is read after it. */
  #read(runId: string, watched: Watched): Promise<void> {
    watched.reading ??= (async () => {
      const { temporal } = this.#platform.configuration;
      do {
        const run = await findRunView(this.#platform.registry.em.fork(), runId, temporal);
        if (!run) throw new DomainError('not_found', 'There is no such run.');
        if (watched.run && run.version <= watched.run.version) return; // heard of before its commit was visible
        watched.run = run;
        watched.changed.emit('change');
      } while (watched.run.version < watched.heard);
    })().finally(() => (watched.reading = null));
    return watched.reading;
  }

  async #reread(): Promise<void> {
    const ids = [...this.#watched.keys()];
    if (ids.length === 0) return;
    try {
      const found = await rows<{ id: string; version: number }>(this.#platform.registry.em.fork())`
        select id, version from runs where id = any(${ids}::uuid[])`;
      for (const { id, version } of found) {
        const watched = this.#watched.get(id);
        if (watched) this.#hear(id, watched, version);
      }
    } catch {
      // The registry is away; the next look finds what changed meanwhile.
    }
  }
}
