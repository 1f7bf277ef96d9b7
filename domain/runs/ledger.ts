import { DomainError } from '#contracts/errors.ts';
import { runIsOver, runStatesBefore, stepStatesBefore, type RunState, type StepState } from '#contracts/runStates.ts';
import type { Reason, RunRef, WorkflowKind } from '#contracts/workflowInputs.ts';
import type { Registry, Sql } from '../database.ts';
import { appendEvent, theSystem, type Actor } from '../events/appendEvent.ts';
import type { Announcer } from '../events/announcer.ts';
import { rows } from '../sql.ts';

/** Told after the commit, for whoever counts and times. */
export interface LedgerObserver {
  runEnded(run: { kind: WorkflowKind; outcome: RunState; seconds: number }): void;
  stepEnded(step: { provider: string; outcome: StepState; seconds: number }): void;
}

const nobody: LedgerObserver = { runEnded: () => undefined, stepEnded: () => undefined };

export interface LockedRun {
  id: string;
  kind: WorkflowKind;
  tenantId: string | null;
  createdAt: string;
  state: RunState;
  epoch: number;
  version: number;
  cancelRequestedAt: string | null;
  actor: Actor;
}

/**
 * The moves of runs and their steps, each a compare-and-set under the run's row lock: a late or repeated report changes
 * nothing, and nothing goes back. Watchers are told after the commit.
 */
export class Ledger {
  readonly #registry: Registry;
  readonly #announcer: Announcer;
  readonly #observer: LedgerObserver;

  constructor(registry: Registry, announcer: Announcer, observer: LedgerObserver = nobody) {
    this.#registry = registry;
    this.#announcer = announcer;
    this.#observer = observer;
  }

  /**
   * One transaction on a run: its row is locked, `change` runs, the version grows when `change` says that something changed.
   * Refuses (`run_over`) when the run belongs to a newer epoch.
   */
  async onRun<Result>(
    ref: Pick<RunRef, 'runId' | 'epoch'>,
    change: (em: Sql, run: LockedRun) => Promise<{ changed: boolean; result: Result }>,
  ): Promise<Result> {
    const { version, result, ended } = await this.#registry.em.fork().transactional(async (em) => {
      const run = await lockRun(em, ref.runId);
      const wasOver = runIsOver(run.state);
      if (run.epoch !== ref.epoch)
        throw new DomainError('run_over', 'This run was started again; an older execution must not go on.');
      const { changed, result } = await change(em, run);
      if (!changed) return { version: null, result, ended: null };
      const [row] = await rows<{ version: number }>(em)`
        update runs set version = version + 1 where id = ${run.id} returning version`;
      return { version: row?.version ?? null, result, ended: !wasOver && runIsOver(run.state) ? run : null };
    });
    if (version !== null) this.#announcer.announce('run', ref.runId, version);
    if (ended)
      this.#observer.runEnded({ kind: ended.kind, outcome: ended.state, seconds: secondsSince(ended.createdAt) });
    return result;
  }

  /**
   * Before an attempt of an act or an undo touches anything. Refuses (`run_over`) when the run has ended or the step has moved
   * on: an attempt that was thought dead must not act after its undo began.
   */
  async beginAttempt(step: RunRef & { stepId: string }, intent: 'act' | 'undo', attempt: number): Promise<void> {
    const to: StepState = intent === 'act' ? 'running' : 'undoing';
    await this.onRun(step, async (em, run) => {
      if (runIsOver(run.state)) throw new DomainError('run_over', `The run has ended (${run.state}).`);
      const begun = await rows(em)`
        update run_steps set
          state = ${to},
          attempt = case when ${intent} = 'act' then greatest(attempt, ${attempt}::int) else attempt end,
          undo_attempt = case when ${intent} = 'undo' then greatest(undo_attempt, ${attempt}::int) else undo_attempt end,
          started_at = coalesce(started_at, now()),
          finished_at = null
        where id = ${step.stepId} and run_id = ${run.id}
          and (state = any(${stepStatesBefore(to)}) or state = ${to})
          and (case when ${intent} = 'act' then attempt else undo_attempt end) <= ${attempt}::int
        returning id`;
      if (begun.length === 0) throw new DomainError('run_over', 'This step has moved on; a late attempt must not act.');
      if (run.state === 'queued') await moveRun(em, run, 'running');
      return { changed: true, result: undefined };
    });
  }

  /** An attempt failed and will be tried again: the reason is shown while the step goes on. */
  async noteFailedAttempt(step: RunRef & { stepId: string }, reason: Reason): Promise<void> {
    await this.onRun(step, async (em) => {
      const noted = await rows(em)`
        update run_steps set reason_code = ${reason.code}, reason = ${reason.text}
        where id = ${step.stepId} and state in ('running', 'undoing') returning id`;
      return { changed: noted.length > 0, result: undefined };
    });
  }

  /** The outcome of a step, as its workflow saw it. */
  async finishStep(step: RunRef & { stepId: string }, to: StepState, reason: Reason | null): Promise<void> {
    const ended = await this.onRun(step, async (em, run) => {
      const moved = await rows<{ title: string; provider: string; started_at: string | null }>(em)`
        update run_steps set state = ${to}, finished_at = now(),
          -- What made the act fail is worth more to a reader than that its undo worked.
          reason_code = case when ${to} = 'undone' then reason_code else ${reason?.code ?? null} end,
          reason = case when ${to} = 'undone' then reason else ${reason?.text ?? null} end
        where id = ${step.stepId} and run_id = ${run.id} and state = any(${stepStatesBefore(to)})
        returning title, provider, started_at`;
      const [row] = moved;
      if (row && to !== 'done')
        await appendEvent(
          em,
          {
            stream: `run:${run.id}`,
            type: `step.${to}`,
            tenantId: run.tenantId,
            data: { step: row.title, code: reason?.code },
          },
          run.actor,
        );
      return { changed: moved.length > 0, result: row ?? null };
    });
    if (ended?.started_at)
      this.#observer.stepEnded({ provider: ended.provider, outcome: to, seconds: secondsSince(ended.started_at) });
  }

  async startRollback(ref: RunRef, reason: Reason): Promise<void> {
    await this.onRun(ref, async (em, run) => {
      if (run.state === 'rolling_back' || runIsOver(run.state)) return { changed: false, result: undefined };
      await moveRun(em, run, 'rolling_back', reason);
      return { changed: true, result: undefined };
    });
  }
}

const secondsSince = (time: string): number => (Date.now() - Date.parse(time)) / 1000;

export async function lockRun(em: Sql, runId: string): Promise<LockedRun> {
  const [run] = await rows<{
    id: string;
    kind: WorkflowKind;
    tenant_id: string | null;
    created_at: string;
    state: RunState;
    epoch: number;
    version: number;
    cancel_requested_at: string | null;
    actor_id: string | null;
    request_id: string | null;
  }>(em)`
    select id, kind, tenant_id, created_at, state, epoch, version, cancel_requested_at, actor_id, request_id
    from runs where id = ${runId} for update`;
  if (!run) throw new DomainError('not_found', 'There is no such run.');
  return {
    id: run.id,
    kind: run.kind,
    tenantId: run.tenant_id,
    createdAt: run.created_at,
    state: run.state,
    epoch: run.epoch,
    version: run.version,
    cancelRequestedAt: run.cancel_requested_at,
    actor: { userId: run.actor_id, requestId: run.request_id },
  };
}

/** Moves a locked run by the table of allowed moves; a move that the table forbids is a defect and throws. */
export async function moveRun(em: Sql, run: LockedRun, to: RunState, reason: Reason | null = null): Promise<void> {
  const moved = await rows(em)`
    update runs set
      state = ${to},
      started_at = coalesce(started_at, now()),
      finished_at = case when ${runIsOver(to)} then now() end,
      reason_code = coalesce(${reason?.code ?? null}, reason_code),
      reason = coalesce(${reason?.text ?? null}, reason)
    where id = ${run.id} and state = any(${runStatesBefore(to)})
    returning id`;
  if (moved.length === 0) throw new Error(`run ${run.id} may not move from ${run.state} to ${to}`);
  run.state = to;
  await appendEvent(
    em,
    { stream: `run:${run.id}`, type: `run.${to}`, tenantId: run.tenantId, data: reason ? { code: reason.code } : {} },
    run.actor ?? theSystem,
  );
}
