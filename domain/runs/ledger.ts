import { sql } from 'kysely';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver, runStatesBefore, stepStatesBefore, type RunState, type StepState } from '#contracts/runStates.ts';
import { pausableKinds, type Reason, type RunRef, type WorkflowKind } from '#contracts/workflowInputs.ts';
import type { Registry, Sql } from '../database.ts';
import { appendEvent, theSystem, type Actor } from '../events/appendEvent.ts';
import type { Announcer } from '../events/announcer.ts';
import { rows } from '../sql.ts';
import { noteOutage } from './deciding/circuits.ts';
import { whyHeld } from './deciding/holds.ts';
import { begin, beginPlainly, finishPlainly, isDoneBy, isHeldNow, mayBegin, type Attempt } from './plainMoves.ts';

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
  pauseRequestedAt: string | null;
  /** What it stands still for: `decision`, `pause`, `breakpoint`, `provisioning`, `circuit:<provider>`. */
  heldBy: string | null;
  /** Which of its stops for a person this is; grows within an epoch. */
  park: number;
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
  readonly #circuitThreshold: number;

  /** @param circuitThreshold how many runs must fail at a provider, with no success between, before its circuit opens */
  constructor(
    registry: Registry,
    announcer: Announcer,
    { observer = nobody, circuitThreshold }: { observer?: LedgerObserver; circuitThreshold: number },
  ) {
    this.#registry = registry;
    this.#announcer = announcer;
    this.#observer = observer;
    this.#circuitThreshold = circuitThreshold;
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
   * Before an attempt of an act or an undo touches anything. Refuses with `run_over` when the run has ended or the step has moved
   * on (an attempt that was thought dead must not act after its undo began), and with `step_held` when the run is to stop here.
   * Executions of activities are numbered in the order in which their workflow asked for them.
   *
   * @returns false when this execution has done the step already, and only the answer was lost
   */
  async beginAttempt(step: RunRef & { stepId: string }, intent: 'act' | 'undo', attempt: Attempt): Promise<boolean> {
    const to: StepState = intent === 'act' ? 'running' : 'undoing';
    const version = await beginPlainly(this.#registry.em.fork(), step, to, attempt);
    if (version !== null) {
      this.#announcer.announce('run', step.runId, version);
      return true;
    }
    return this.onRun(step, async (em, run) => {
      if (runIsOver(run.state)) throw new DomainError('run_over', `The run has ended (${run.state}).`);
      const begun = await rows(em)`
        update run_steps as step set ${begin(to, attempt)}, epoch = run.epoch from runs run
        where step.id = ${step.stepId} and step.run_id = run.id and run.id = ${run.id}
          -- What an older epoch did is begun again from wherever that got to.
          and (step.epoch < run.epoch or (${mayBegin(to, attempt)})) and not ${isHeldNow(to)}
        returning step.id`;
      if (begun.length === 0) {
        if (await isDoneBy(em, step.stepId, attempt)) return { changed: false, result: false };
        const held = to === 'running' && pausableKinds.includes(run.kind) ? await whyHeld(em, run, step.stepId) : null;
        if (held) throw new DomainError('step_held', held.reason.text);
        throw new DomainError('run_over', 'This step has moved on; a late attempt must not act.');
      }
      if (run.heldBy) await rows(em)`update runs set held_by = null, held_step_id = null where id = ${run.id}`;
      if (run.state === 'queued' || (intent === 'act' && standsStill(run.state))) await moveRun(em, run, 'running');
      return { changed: true, result: true };
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

  /** An attempt at a provider met an outage. */
  async noteOutage(outage: { provider: string; runId: string; reason: Reason }): Promise<void> {
    await noteOutage(this.#registry.em.fork(), outage, this.#circuitThreshold);
  }

  /** The outcome of a step, as its workflow saw it. */
  async finishStep(step: RunRef & { stepId: string }, to: StepState, reason: Reason | null): Promise<void> {
    const plainly = to === 'done' ? await finishPlainly(this.#registry.em.fork(), step) : null;
    if (plainly) this.#announcer.announce('run', step.runId, plainly.version);
    const ended = plainly ?? (await this.#finishStep(step, to, reason));
    if (ended?.startedAt)
      this.#observer.stepEnded({ provider: ended.provider, outcome: to, seconds: secondsSince(ended.startedAt) });
  }

  #finishStep(
    step: RunRef & { stepId: string },
    to: StepState,
    reason: Reason | null,
  ): Promise<{ provider: string; startedAt: string | null } | null> {
    return this.onRun(step, async (em, run) => {
      const moved = await rows<{ title: string; provider: string; startedAt: string | null; circuit: string | null }>(
        em,
      )`
        with moved as (
        update run_steps set state = ${to}, finished_at = now(),
          -- What made the act fail is worth more to a reader than that its undo worked.
          reason_code = case when ${to} = 'undone' then reason_code else ${reason?.code ?? null} end,
          reason = case when ${to} = 'undone' then reason else ${reason?.text ?? null} end
        where id = ${step.stepId} and run_id = ${run.id} and state = any(${stepStatesBefore(to)})
        returning title, provider, kind, started_at
        ), proven as (
          delete from circuits where ${to} = 'done' and provider in (select provider from moved where kind = 'resource')
          returning state
        )
        select title, provider, started_at as "startedAt", (select state from proven) as circuit from moved`;
      const [row] = moved;
      if (row?.circuit && row.circuit !== 'closed')
        await appendEvent(em, { stream: `circuit:${row.provider}`, type: 'circuit.closed', tenantId: null }, theSystem);
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

/** Who began the run, in the capacity in which they did. */
const actorOfRow = sql`jsonb_build_object('userId', actor_id, 'requestId', request_id, 'keyId', key_id,
  'kind', coalesce(actor_kind, case when actor_id is null then 'system' else 'user' end),
  'supportAccessId', support_access_id, 'onBehalfOf', on_behalf_of)`;

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
    pause_requested_at: string | null;
    held_by: string | null;
    park: number;
    actor: Actor;
  }>(em)`
    select id, kind, tenant_id, created_at, state, epoch, version, cancel_requested_at, pause_requested_at, held_by, park,
      ${actorOfRow} as actor
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
    pauseRequestedAt: run.pause_requested_at,
    heldBy: run.held_by,
    park: run.park,
    actor: run.actor,
  };
}

const standsStill = (state: RunState): boolean => state === 'waiting' || state === 'paused';

/** Moves a locked run by the table of allowed moves; a move that the table forbids is a defect and throws. */
export async function moveRun(em: Sql, run: LockedRun, to: RunState, reason: Reason | null = null): Promise<void> {
  const moved = await rows(em)`
    update runs set
      state = ${to},
      started_at = coalesce(started_at, now()),
      finished_at = case when ${runIsOver(to)} then now() end,
      held_by = case when ${standsStill(to)} then held_by end,
      held_step_id = case when ${standsStill(to)} then held_step_id end,
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
