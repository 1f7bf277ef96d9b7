import { runIsOver } from '#contracts/runStates.ts';
import type { RunState } from '#contracts/runStates.ts';

export type Link = 'live' | 'reconnecting';

/** What can be followed: a run, or what is told of a run from elsewhere. */
export interface Following {
  state: RunState;
  version: number;
}
export interface RunWatcher<T extends Following = Following> {
  onRun: (run: T) => void;
  onLink: (link: Link) => void;
}

/** Where it is read; its stream is at `/events` below, and sends the whole under the name of `event`. */
export interface Source {
  path: string;
  event: string;
}

const firstWait = 500;
const longestWait = 15_000;
/** How often a run is read that nobody listens to. */
const rereadPause = 2_000;
/** A connection that says nothing for this long is asked about: a proxy may have dropped it without a word. */
const silence = 10_000;

/**
 * Follows one run until it is over, through lost connections: the stream first, and between attempts the run itself is
 * read. Never goes back to an older version. Returns the way to stop.
 */
export function openRunStream(source: Source, watcher: RunWatcher): () => void {
  const stream = new RunStream(source, watcher);
  stream.connect();
  return () => stream.stop();
}

/** The same without holding a connection, a little later than the stream would be. */
export function rereadRun(source: Source, watcher: RunWatcher): () => void {
  const stream = new RunStream(source, watcher);
  stream.rereadNow();
  return () => stream.stop();
}

class RunStream {
  readonly #path: string;
  readonly #event: string;
  readonly #watcher: RunWatcher;
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wait = firstWait;
  #version = -1;
  /** Which connection is the present one: whatever an earlier one still has to say is not listened to. */
  #attempt = 0;
  #isStopped = false;

  constructor({ path, event }: Source, watcher: RunWatcher) {
    this.#path = path;
    this.#event = event;
    this.#watcher = watcher;
  }

  connect(): void {
    const attempt = ++this.#attempt;
    const isPresent = () => !this.#isStopped && attempt === this.#attempt;
    const source = new EventSource(`${this.#path}/events`);
    this.#source = source;
    source.addEventListener('open', () => {
      if (!isPresent()) return;
      this.#wait = firstWait;
      this.#watcher.onLink('live');
      this.#askWhenSilent();
    });
    source.addEventListener(this.#event, (event: MessageEvent<string>) => {
      if (!isPresent()) return;
      this.#take(JSON.parse(event.data) as Following);
      this.#askWhenSilent();
    });
    // The browser's own reconnecting gives up on an HTTP error and knows no growing wait, so it is done here.
    source.addEventListener('error', () => isPresent() && this.#reconnect());
  }

  rereadNow(): void {
    this.#after(0, async () => {
      const run = await this.#reread();
      if (run) this.#take(run);
      this.#watcher.onLink(run ? 'live' : 'reconnecting');
      return () => this.#rereadLater();
    });
  }

  #rereadLater(): void {
    this.#after(rereadPause, async () => () => this.rereadNow());
  }

  stop(): void {
    this.#isStopped = true;
    this.#attempt++;
    this.#source?.close();
    clearTimeout(this.#timer);
  }

  #reconnect(): void {
    this.#source?.close();
    this.#attempt++;
    this.#watcher.onLink('reconnecting');
    this.#after(this.#wait * (0.75 + Math.random() / 2), async () => {
      const run = await this.#reread();
      if (run) this.#take(run);
      return () => this.connect();
    });
    this.#wait = Math.min(this.#wait * 2, longestWait);
  }

  #askWhenSilent(): void {
    this.#after(silence, async () => {
      const run = await this.#reread();
      // Newer than what the stream told, or nobody answers: it is dead although it looks open.
      const isDead = run === null || this.#take(run);
      return () => (isDead ? this.#reconnect() : this.#askWhenSilent());
    });
  }

  /** Does one thing later, and what it says comes next, unless another connection was made in the meantime. */
  #after(milliseconds: number, act: () => Promise<() => void>): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    const attempt = this.#attempt;
    this.#timer = setTimeout(() => {
      void act().then((next) => {
        if (!this.#isStopped && attempt === this.#attempt) next();
      });
    }, milliseconds);
  }

  /** Hands on what is newer; true when it was. */
  #take(run: Following): boolean {
    if (this.#isStopped || run.version <= this.#version) return false;
    this.#version = run.version;
    this.#watcher.onRun(run);
    if (runIsOver(run.state)) this.stop();
    return true;
  }

  /** The run without the stream; null when the server cannot be asked. */
  async #reread(): Promise<Following | null> {
    try {
      const response = await fetch(this.#path, { headers: { accept: 'application/json' } });
      return response.ok ? ((await response.json()) as Following) : null;
    } catch {
      return null;
    }
  }
}
