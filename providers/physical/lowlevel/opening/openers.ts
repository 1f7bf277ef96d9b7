import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { BrokenFile, type FromOpener, type Opening, type ToOpener } from './messages.ts';

/** More than the disk keeps busy is of no use. */
const mostThreads = 4;
/** On their way to a thread, of each file that is opened. */
const piecesAhead = 4;

export interface OpeningOptions {
  signal: AbortSignal;
  /** What passed since it was told last. */
  onPassed?(bytes: number, files: number): void;
}

/** Threads that unseal, unpack, compare and write, so that a whole server comes back by all processors and not by one. */
export class Openers {
  readonly #threads: Opener[] = [];

  /** Carries out the work with threads that are started as they are needed and gone afterwards. */
  static async with<Result>(work: (openers: Openers) => Promise<Result>): Promise<Result> {
    const openers = new Openers();
    try {
      return await work(openers);
    } finally {
      await Promise.all(openers.#threads.map((thread) => thread.stop()));
    }
  }

  /**
   * Opens one file of the place. What it holds lies in its files when this resolves, compared with its digests; when it throws, nothing is written any more.
   *
   * @throws {@link BrokenFile} · what reading the pieces throws · what the disk says, with its code
   */
  async open(opening: Opening, pieces: AsyncIterable<Buffer>, { signal, onPassed }: OpeningOptions): Promise<void> {
    const job = this.#free().begin(opening, onPassed ?? (() => undefined));
    try {
      for await (const piece of pieces) {
        signal.throwIfAborted();
        if (!(await job.wantsMore())) break;
        job.give(piece);
      }
      signal.throwIfAborted();
    } catch (error) {
      await job.drop();
      throw error;
    }
    await job.finish();
  }

  #free(): Opener {
    if (this.#threads.length < Math.min(mostThreads, availableParallelism())) {
      const thread = new Opener();
      this.#threads.push(thread);
      return thread;
    }
    return this.#threads.reduce((least, one) => (one.load < least.load ? one : least));
  }
}

class Opener {
  readonly #worker = new Worker(new URL('./opener.ts', import.meta.url));
  readonly #jobs = new Map<number, Job>();
  #failure: Error | null = null;
  #count = 0;

  constructor() {
    this.#worker.on('message', (message: FromOpener) => this.#jobs.get(message.id)?.hear(message));
    this.#worker.on('error', (error: Error) => this.#fail(error));
    this.#worker.on('exit', (code) => this.#fail(new Error(`a thread that opens files ended with ${code}`)));
  }

  get load(): number {
    return this.#jobs.size;
  }

  begin(opening: Opening, onPassed: (bytes: number, files: number) => void): Job {
    const id = (this.#count += 1);
    const post = (message: ToOpener, transfer: ArrayBuffer[] = []): void => this.#worker.postMessage(message, transfer);
    const job = new Job(id, post, onPassed, () => this.#jobs.delete(id));
    this.#jobs.set(id, job);
    if (this.#failure) job.fail(this.#failure);
    else post({ kind: 'open', id, opening });
    return job;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const job of [...this.#jobs.values()]) job.fail(this.#failure);
  }
}

class Job {
  readonly #id: number;
  readonly #post: (message: ToOpener, transfer?: ArrayBuffer[]) => void;
  readonly #onPassed: (bytes: number, files: number) => void;
  readonly #outcome = Promise.withResolvers<void>();
  readonly #leave: () => void;
  #ahead = 0;
  #isOver = false;
  #wake: () => void = () => undefined;

  constructor(
    id: number,
    post: (message: ToOpener, transfer?: ArrayBuffer[]) => void,
    onPassed: (bytes: number, files: number) => void,
    leave: () => void,
  ) {
    [this.#id, this.#post, this.#onPassed, this.#leave] = [id, post, onPassed, leave];
    this.#outcome.promise.catch(() => undefined); // told to whoever finishes it
  }

  /** False when it is over already, for its own reasons. */
  async wantsMore(): Promise<boolean> {
    while (this.#ahead >= piecesAhead && !this.#isOver)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return !this.#isOver;
  }

  /** The thread gets a copy of its own: what is sealed is small, and nobody misses memory that was handed over. */
  give(piece: Buffer): void {
    const own = new Uint8Array(piece);
    this.#ahead += 1;
    this.#post({ kind: 'piece', id: this.#id, piece: own }, [own.buffer]);
  }

  finish(): Promise<void> {
    if (!this.#isOver) this.#post({ kind: 'end', id: this.#id });
    return this.#outcome.promise;
  }

  async drop(): Promise<void> {
    if (!this.#isOver) this.#post({ kind: 'drop', id: this.#id });
    await this.#outcome.promise.catch(() => undefined);
  }

  hear(message: FromOpener): void {
    if (message.kind === 'took') this.#ahead -= 1;
    else if (message.kind === 'passed') this.#onPassed(message.bytes, message.files);
    else if (message.kind === 'done') this.#end();
    else {
      const { isBroken, message: text, code } = message;
      return this.fail(isBroken ? new BrokenFile(text) : Object.assign(new Error(text), code ? { code } : {}));
    }
    this.#wake();
  }

  fail(error: Error): void {
    this.#outcome.reject(error);
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#outcome.resolve();
    this.#leave();
    this.#wake();
  }
}
