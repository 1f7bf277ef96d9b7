import { replicationActions, type ReplicationBook } from '#activities/recovery/replication.ts';
import { paramsOf, type ActionContext, type ActionResult } from '#activities/recovery/action.ts';
import type { DatabaseServers } from '#providers/replication/servers.ts';

export type Step = [name: string, params: Record<string, unknown>];

/** Actions one after another, as an interpreter runs them; what `catch-up` told goes to the check. */
export class Sequence {
  readonly #actions;
  readonly told = new Map<string, ActionResult>();
  readonly #executionId: string;

  constructor(servers: DatabaseServers, book: ReplicationBook, executionId: string) {
    this.#actions = new Map(replicationActions({ servers, book }).map((action) => [action.description.name, action]));
    this.#executionId = executionId;
  }

  async run(
    steps: Step[],
    around: (name: string, moment: 'before' | 'after') => void = () => undefined,
  ): Promise<void> {
    for (const [name, params] of steps) {
      around(name, 'before');
      await this.act(name, params);
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
