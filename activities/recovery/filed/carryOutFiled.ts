import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '#contracts/errors.ts';
import { leavesOf, type LeafStep, type RunbookStep, type SqlStep } from '#contracts/runbooks/steps.ts';
import type { Reason } from '#contracts/workflowInputs.ts';
import { fillIn, resolve } from '#domain/runbooks/engine/references.ts';
import type { Deed } from '#domain/runbooks/engine/state.ts';
import type { FiledExecution } from '#domain/runbooks/filed/filedExecution.ts';
import { ProviderError } from '#providers/provider.ts';
import type { ActionContext, ActionResult, AnyAction } from '../action.ts';
import { byName, refuseReference } from '../byName.ts';
import { checkByHttp, checkBySql } from '../checks.ts';

/** What there is where neither API nor workers are left. */
export interface FiledWorld {
  actions: readonly AnyAction[];
  toPrivateNetworks: boolean;
  /** Of a role that may read the registry, or a data store by its name; null where nobody knows one. */
  databaseUrl(on: string): Promise<string | null>;
  progress(key: string, text: string): void;
}

const actAttempts = 4;
const undoAttempts = 8;
const firstPauseMs = 200;
const longestPauseMs = 5_000;

/** Before anything is done. Refuses with `action_needs_platform`, every step at once. */
export function refuseUnserved(steps: readonly RunbookStep[], { actions }: Pick<FiledWorld, 'actions'>): void {
  const isServed = (name: string): boolean => actions.some(({ description }) => description.name === name);
  const why = (leaf: LeafStep): string | null => {
    if (leaf.kind === 'workflow') return `starts the run ${leaf.workflow}`;
    if (leaf.kind === 'custom') return `asks the queue ${leaf.taskQueue}`;
    const names = [
      ...(leaf.kind === 'action' ? [leaf.action] : []),
      ...(leaf.undo?.kind === 'action' ? [leaf.undo.action] : []),
    ];
    const missing = names.find((name) => !isServed(name));
    return missing === undefined ? null : `does ${missing}`;
  };
  const fields = leavesOf(steps).flatMap((leaf) => {
    const reason = why(leaf);
    return reason === null
      ? []
      : [{ path: leaf.id, message: `${reason}, which only a control plane that runs can do` }];
  });
  if (fields.length > 0)
    throw new DomainError('action_needs_platform', 'Not everything of this runbook can be carried out without the control plane.', { fields }); // prettier-ignore
}

/** Begins, does and reports one deed, as a worker would: what may pass is tried again, what is refused is for good. Throws where the journal cannot be written. */
export async function carryOutFiled(
  world: FiledWorld,
  execution: FiledExecution,
  deed: Deed,
  signal: AbortSignal,
): Promise<void> {
  const leaf = execution.leafOf(deed.key);
  const attempts = deed.verb === 'undo' ? undoAttempts : actAttempts;
  for (let attempt = 1; ; attempt += 1) {
    execution.begin(deed, new Date());
    try {
      const output = await carryOut(world, execution, { leaf, deed }, signal);
      return execution.report(deed, { output: output ?? null }, new Date());
    } catch (error) {
      // Its step has moved on, or the process is asked to go: then it stands as begun, and is begun again.
      if (signal.aborted) return;
      const reason = reasonOf(error);
      if (attempt >= attempts || isForGood(error)) return execution.report(deed, { reason }, new Date());
      execution.tried(deed, reason, new Date());
      await sleep(Math.min(firstPauseMs * 2 ** attempt, longestPauseMs), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
    }
  }
}

async function carryOut(
  world: FiledWorld,
  execution: FiledExecution,
  { leaf, deed }: { leaf: LeafStep; deed: Deed },
  signal: AbortSignal,
): Promise<ActionResult | void> {
  const { known, opened } = execution;
  const { executionId, practice } = opened;
  const heartbeat = (progress?: string): void => void (progress && world.progress(deed.key, progress));
  const given = (value: unknown): unknown => resolve(value, known, refuseReference);
  const context: ActionContext = {
    ...{ signal, heartbeat, executionId, isPractice: practice, now: Date.now() },
    startedAt: execution.head.startedAt ?? Date.now(),
    effectKey: `${executionId}.${leaf.id}`,
    // One process holds the journal for as long as it lives, frozen or not: nobody takes over from it.
    stillWanted: () => Promise.resolve(),
  };
  const name = deed.verb === 'undo' && leaf.undo?.kind === 'action' ? leaf.undo.action : leaf.kind === 'action' ? leaf.action : null; // prettier-ignore
  if (name !== null) {
    const action = world.actions.find(({ description }) => description.name === name);
    if (!action) throw new Error(`nothing carries out ${name}`);
    return byName(action, { leaf, known, verb: deed.verb }, context);
  }
  if (leaf.kind === 'http') {
    const asked = { url: fillIn(leaf.url, known), body: given(leaf.body ?? null) };
    return checkByHttp(leaf, asked, { signal, heartbeat, toPrivateNetworks: world.toPrivateNetworks });
  }
  if (leaf.kind !== 'sql') throw new Error(`a step of the kind ${leaf.kind} is not carried out by anybody`);
  const url = await world.databaseUrl(leaf.on);
  if (url === null)
    throw new DomainError('dependency_down', `Nobody knows yet where "${leaf.on}" is: name it by TENANTRY_APP_DATABASE_URL, or by the data folder.`); // prettier-ignore
  return checkBySql(leaf, given(leaf.params) as unknown[], url, given(leaf.expect) as SqlStep['expect']);
}

const isForGood = (error: unknown): boolean =>
  error instanceof DomainError || (error instanceof ProviderError && !error.retryable);

/** Texts of ours hold no secrets; of others only that they failed is kept in the file. */
function reasonOf(error: unknown): Reason {
  if (error instanceof DomainError) return { code: error.code, text: error.publicMessage };
  if (error instanceof ProviderError) return { code: 'provider_error', text: error.message };
  const code = (error as NodeJS.ErrnoException).code;
  return {
    code: 'internal',
    text: `An unexpected error${typeof code === 'string' ? ` (${code})` : ''}: ${(error as Error).name}.`,
  };
}
