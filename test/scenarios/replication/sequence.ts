import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '#contracts/errors.ts';
import { replicationActions, type ReplicationBook } from '#activities/recovery/replication.ts';
import { paramsOf, type ActionContext, type ActionResult } from '#activities/recovery/action.ts';
import type { DatabaseServers } from '#providers/replication/servers.ts';

export type Step = [name: string, params: Record<string, unknown>];

/** Actions one after another, as an interpreter runs them; what `catch-up` told goes to the check. */
export class Sequence {
  readonly #actions;
  readonly told = new Map<string, ActionResult>();
  readonly #executionId: string;
  readonly #notes: string | null;

  /** @param notes a folder in which every process of the execution notes what is done, and sees what others did */
  constructor(servers: DatabaseServers, book: ReplicationBook, executionId: string, notes: string | null = null) {
    this.#notes = notes;
    this.#actions = new Map(replicationActions({ servers, book }).map((action) => [action.description.name, action]));
    this.#executionId = executionId;
  }

  async run(
    steps: Step[],
    around: (name: string, moment: 'before' | 'after') => void = () => undefined,
  ): Promise<void> {
    for (const [name, params] of steps) {
      const known = await this.#noted(name);
      if (known) {
        this.told.set(name, known);
        continue;
      }
      around(name, 'before');
      await this.#note(name, await this.act(name, params));
      around(name, 'after');
    }
  }

  async act(name: string, params: Record<string, unknown>): Promise<ActionResult> {
    const action = this.#action(name);
    const end = this.told.get('standby.catch-up')?.['end'];
    const given = name === 'standby.check' && end ? { end, ...params } : params;
    const result = (await action.act(paramsOf(action.description, given), this.#context(name))) ?? {};
    this.told.set(name, result);
    return result;
  }

  async undo(name: string, params: Record<string, unknown>): Promise<void> {
    const action = this.#action(name);
    await action.undo?.(paramsOf(action.description, params), this.#context(name));
  }

  async rehearse(name: string, params: Record<string, unknown>): Promise<ActionResult> {
    const action = this.#action(name);
    return (await action.rehearse?.(paramsOf(action.description, params), this.#context(name))) ?? {};
  }

  #fileOf = (name: string): string => join(this.#notes!, this.#executionId.replaceAll(' ', '-'), name);

  async #note(name: string, told: ActionResult): Promise<void> {
    if (this.#notes === null) return;
    await mkdir(join(this.#fileOf(name), '..'), { recursive: true });
    const passing = `${this.#fileOf(name)}.${process.pid}`;
    await writeFile(passing, JSON.stringify(told));
    await rename(passing, this.#fileOf(name));
  }

  /** What was told by the process that did it; null where nobody has. */
  async #noted(name: string): Promise<ActionResult | null> {
    if (this.#notes === null) return null;
    const text = await readFile(this.#fileOf(name), 'utf8').catch(() => 'null');
    return JSON.parse(text) as ActionResult | null;
  }

  async #refuseLate(name: string): Promise<void> {
    if (await this.#noted(name))
      throw new DomainError('run_over', 'This step has moved on; a late attempt must not act.');
  }

  #action(name: string) {
    const action = this.#actions.get(name as `${string}.${string}`);
    if (!action) throw new Error(`no action "${name}"`);
    return action;
  }

  #context = (name: string): ActionContext => ({
    signal: AbortSignal.timeout(900_000),
    heartbeat: () => undefined,
    executionId: this.#executionId,
    effectKey: `${this.#executionId} ${name}`,
    stillWanted: () => this.#refuseLate(name),
    isPractice: false,
    now: Date.now(),
    startedAt: Date.now(),
  });
}

/** The steps of "Lose the primary" between these two. */
export const losePrimary = (primary: string, standby: string, check: Record<string, unknown> = {}): Step[] => [
  ['servers.claim', { primary, standby }],
  ['runs.hold', {}],
  ['primary.fence', { primary, standby }],
  ['standby.catch-up', { primary, standby, seconds: 20 }],
  ['standby.check', { primary, standby, ...check }],
  ['standby.promote', { primary, standby }],
  ['stores.repoint', { from: primary, to: standby }],
  ['primary.verify', { server: standby, read: 'all' }],
  ['runs.resume', {}],
  ['servers.release', { primary, standby }],
];
