import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Position } from './faults.ts';

/** What one tenant's work shall meet: where it halts until `goOn`, and what fails for good (at one position: after the halt). */
export interface TenantPlan {
  tenantId: string;
  halt?: Position;
  fail?: Position[];
  /** What its own work does to whoever carries it out, at the activity of this name. */
  poison?: { at: string; by: Poison };
}

/** Errors that pass for an outage, a call that never returns, an answer that no history takes. */
export type Poison = 'throws' | 'hangs' | 'answers 3 MB';

/**
 * What a worker process is told: where to halt once, what many tenants at once shall meet, that halted calls may go on and
 * nobody halts any more, and what shall fail from now on.
 */
export interface Order {
  halt?: Position;
  plan?: TenantPlan[];
  goOn?: true;
  fail?: Position | null;
}

export type Word =
  | { ready: true }
  | { heard: true }
  | { halted: Position; tenantId?: string }
  | { ended: { at: string; code: string | null } }
  | { done: string };

export interface Surroundings {
  /** Where its output is kept; else it is the test's own. */
  logFile?: string;
  /** Loaded before anything else. */
  imports?: string[];
}

/** What is killed leaves nothing that it compiled; what its parent compiled is there for all of them. */
let isCompiled = false;

/** A worker in a process of its own, as seen by the test that kills or freezes it. */
export class RemoteWorker {
  readonly child: ChildProcess;
  /** Whose plan has halted them. */
  readonly #halted = new Set<string>();

  private constructor(child: ChildProcess) {
    this.child = child;
    child.on('message', (word: Word) => {
      if ('halted' in word && word.tenantId) this.#halted.add(word.tenantId);
    });
  }

  /** Resolves when the worker is ready. */
  static async start(env: Record<string, string>, { logFile, imports = [] }: Surroundings = {}): Promise<RemoteWorker> {
    if (!isCompiled) flushCompileCache();
    isCompiled = true;
    const log = logFile === undefined ? 'inherit' : openSync(logFile, 'a');
    const child = fork(join(import.meta.dirname, 'workerProcess.ts'), {
      env: { ...process.env, ...env },
      execArgv: [...process.execArgv, ...imports.flatMap((url) => ['--import', url])],
      stdio: ['ignore', log, log, 'ipc'],
    });
    if (typeof log === 'number') closeSync(log);
    const worker = new RemoteWorker(child);
    await worker.#next((word) => 'ready' in word);
    return worker;
  }

  /** Resolves, when it has heard, to a promise that it is there. */
  async haltAt(at: string, when: Position['when']): Promise<{ halted: Promise<void> }> {
    const halted = this.#next((word) => 'halted' in word && word.halted.at === at).then(() => undefined);
    halted.catch(() => undefined);
    await this.#order({ halt: { at, when } });
    return { halted };
  }

  /** Each tenant halts, and fails, where its plan says. What was planned for it before is forgotten. */
  async plan(plans: TenantPlan[]): Promise<void> {
    for (const { tenantId } of plans) this.#halted.delete(tenantId);
    await this.#order({ plan: plans });
  }

  /** Resolves when all of them are where their plans halt them, or else to those that are not there in time. */
  async allHalted(tenantIds: string[], withinMs: number): Promise<string[]> {
    const missing = new Set(tenantIds.filter((tenantId) => !this.#halted.has(tenantId)));
    if (missing.size === 0) return [];
    const late = new AbortController();
    const all = this.#next((word) => {
      if ('halted' in word && word.tenantId) missing.delete(word.tenantId);
      return missing.size === 0 || late.signal.aborted;
    });
    all.catch(() => undefined);
    const timeIsUp = delay(withinMs, undefined, { signal: late.signal }).catch(() => undefined);
    await Promise.race([all, timeIsUp]);
    late.abort();
    return [...missing];
  }

  /** Whatever has halted goes on. */
  async goOn(): Promise<void> {
    await this.#order({ goOn: true });
  }

  async failAt(position: Position | null): Promise<void> {
    await this.#order({ fail: position });
  }

  /** The next end of a call, and the code it failed with. Ask before it can happen. */
  async ended(at: string): Promise<string | null> {
    const word = await this.#next((word) => 'ended' in word && word.ended.at === at);
    return 'ended' in word ? word.ended.code : null;
  }

  /** Resolves when so many calls of providers have ended, well or badly. Ask before they can. */
  async callsEnded(count: number): Promise<void> {
    let left = count;
    if (left > 0) await this.#next((word) => 'ended' in word && --left === 0);
  }

  /** Resolves when a call at each of these positions has ended, well or badly. Ask before they can. */
  async allEnded(positions: readonly string[]): Promise<void> {
    const left = [...positions];
    if (left.length === 0) return;
    await this.#next((word) => {
      const at = 'done' in word ? word.done : 'ended' in word ? word.ended.at : null;
      if (at !== null && left.includes(at)) left.splice(left.indexOf(at), 1);
      return left.length === 0;
    });
  }

  /** Proves that it runs and listens. */
  async isAlive(): Promise<boolean> {
    if (!this.#runs) return false;
    return this.#order({}).then(
      () => true,
      () => false,
    );
  }

  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  /** The hard way; resolves when it is gone. */
  async kill(): Promise<void> {
    if (!this.#runs) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  get #runs(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async #order(order: Order): Promise<void> {
    if (!this.#runs) throw new Error('the worker process is gone');
    const heard = this.#next((word) => 'heard' in word);
    this.child.send(order);
    await heard;
  }

  #next(fits: (word: Word) => boolean): Promise<Word> {
    return new Promise((resolve, reject) => {
      const hear = (word: Word) => {
        if (!fits(word)) return;
        this.child.off('message', hear);
        this.child.off('exit', die);
        resolve(word);
      };
      const die = (code: number | null, signal: string | null) => {
        this.child.off('message', hear);
        reject(new Error(`the worker process ended (${code ?? signal})`));
      };
      this.child.on('message', hear);
      this.child.once('exit', die);
    });
  }
}
