import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { PlatformRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import { appendEvent } from '../../events/appendEvent.ts';
import { finishFixedSteps } from '../../runs/ending/closeRun.ts';
import { moveRun, type Ledger, type LockedRun } from '../../runs/ledger.ts';
import { beginPlatformRun, closePlatformRun } from '../../runs/platformRun.ts';
import { rows } from '../../sql.ts';
import { freePlaces } from './freePlaces.ts';
import { openDrill } from './openDrill.ts';

/** What came of a look at the run: drills to start now, whether it is over, and when to look again unless it is woken. */
export interface DrillTurn {
  runIds: string[];
  isOver: boolean;
  waitMs: number;
}

const lookAgainMs = 500;
/** A signal may be lost: who waits for a person looks by itself, too. */
const heldMs = 30_000;

/**
 * One look: counts what has ended, and opens the next while less than `atOnce` drills are under way, whoever asked for them. By the rows alone, under the run's lock:
 * whoever asks, after whatever was killed, is told the same.
 */
export const takeDrillTurn = (ledger: Ledger, ref: PlatformRef, atOnce: number): Promise<DrillTurn> =>
  ledger.onRun<DrillTurn>(ref, async (em, run) => {
    if (runIsOver(run.state)) return { changed: false, result: over };
    const isNew = run.state === 'queued';
    if (isNew && !run.cancelRequestedAt) await begin(em, run);
    const ended = await countEnded(em, run.id);
    if (run.cancelRequestedAt) {
      await passRest(em, run.id);
      await closeCancelled(em, run);
      return { changed: true, result: over };
    }
    if (run.heldBy !== null && !(await goOn(em, run)))
      return { changed: ended > 0, result: { runIds: [], isOver: false, waitMs: heldMs } };
    if (run.pauseRequestedAt) {
      await hold(em, run);
      return { changed: true, result: { runIds: [], isOver: false, waitMs: heldMs } };
    }
    const runIds = await openNext(em, run, atOnce);
    const [left] = await rows<{ count: number }>(em)`
      select count(*)::int as count from fleet_drill_tenants where run_id = ${run.id} and state in ('pending', 'running')`;
    if (left?.count === 0) {
      await close(em, run);
      return { changed: true, result: over };
    }
    return {
      changed: isNew || ended > 0 || runIds.length > 0,
      result: { runIds, isOver: false, waitMs: lookAgainMs },
    };
  });

const over: DrillTurn = { runIds: [], isOver: true, waitMs: 0 };

/** Whoever is there and was backed up: who was never proven first, then who was not for longest. */
async function begin(em: Sql, run: LockedRun): Promise<void> {
  const tenants = await rows(em)`
    insert into fleet_drill_tenants (run_id, tenant_id, position)
    select f.run_id, t.id, row_number() over (order by held.proven_at nulls first, t.id)
    from fleet_drills f join tenants t on f.plan is null or t.plan = f.plan
    left join lateral (select max(finished_at) as proven_at from backup_drills d where d.tenant_id = t.id and d.state = 'proven') held on true
    where f.run_id = ${run.id} and t.state in ('active', 'suspended')
      and exists (select 1 from backups k where k.tenant_id = t.id and k.state = 'kept')
    returning 1`;
  await beginPlatformRun(em, run, async () => [{ count: tenants.length }]);
}

/** Whose drills have ended since. Returns how many. */
async function countEnded(em: Sql, runId: string): Promise<number> {
  const ended = await rows<{ state: RunState }>(em)`
    update fleet_drill_tenants f set
      state = case when r.state = 'succeeded' then 'done' else 'failed' end,
      reason_code = case when r.state = 'succeeded' then null else coalesce(d.reason_code, r.state) end, finished_at = r.finished_at
    from runs r left join backup_drills d on d.run_id = r.id
    where f.run_id = ${runId} and f.state = 'running' and r.id = f.drill_run_id
      and r.state in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')
    returning r.state`;
  if (ended.length > 0)
    await rows(em)`
      update run_progress set done = done + ${ended.length}::int, updated_at = now(),
        found = found + ${ended.filter(({ state }) => state !== 'succeeded').length}::int
      where run_id = ${runId}`;
  return ended.length;
}

async function openNext(em: Sql, run: LockedRun, atOnce: number): Promise<string[]> {
  const free = await freePlaces(em, atOnce);
  const due = await rows<{ tenant_id: string }>(em)`
    select tenant_id from fleet_drill_tenants where run_id = ${run.id} and state = 'pending' order by position limit ${free}::int`;
  const opened: string[] = [];
  for (const { tenant_id: tenantId } of due)
    try {
      const { runId } = await em.transactional((tx) =>
        openDrill(tx, tenantId, { cause: 'asked', parentRunId: run.id }, run.actor),
      );
      await rows(em)`
        update fleet_drill_tenants set state = 'running', drill_run_id = ${runId}
        where run_id = ${run.id} and tenant_id = ${tenantId}`;
      opened.push(runId);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      await pass(em, run.id, tenantId, error);
    }
  return opened;
}

/** A drill that somebody else asked for at this moment is as good; a tenant that left meanwhile is passed over. */
async function pass(em: Sql, runId: string, tenantId: string, { code, extra }: DomainError): Promise<void> {
  const other = code === 'run_in_progress' ? ((extra['runId'] as string | undefined) ?? null) : null;
  await rows(em)`
    update fleet_drill_tenants set
      state = case when ${other}::uuid is null then 'passed' else 'running' end, drill_run_id = ${other}::uuid,
      reason_code = ${code}, finished_at = case when ${other}::uuid is null then now() end
    where run_id = ${runId} and tenant_id = ${tenantId}`;
  if (!other) await rows(em)`update run_progress set done = done + 1, updated_at = now() where run_id = ${runId}`;
}

const passRest = (em: Sql, runId: string): Promise<unknown> =>
  rows(em)`
    update fleet_drill_tenants set state = 'passed', reason_code = 'cancelled', finished_at = now()
    where run_id = ${runId} and state = 'pending'`;

async function hold(em: Sql, run: LockedRun): Promise<void> {
  const [step] = await rows<{ id: string }>(em)`
    update run_steps set state = 'waiting', reason_code = 'paused', reason = 'Paused on request; drills that are under way come to their ends.'
    where run_id = ${run.id} and position = 0 and state = 'running' returning id`;
  if (!step) throw new Error(`run ${run.id} has no step that could be paused`);
  await rows(em)`
    update runs set held_by = 'pause', held_since = now(), held_step_id = ${step.id}, park = park + 1 where id = ${run.id}`;
  await moveRun(em, run, 'paused');
  await appendEvent(
    em,
    { stream: `run:${run.id}`, type: 'run.held', tenantId: null, data: { by: 'pause', code: 'paused' } },
    run.actor,
  );
}

/** Takes the decision that the run continues; false while there is none. */
async function goOn(em: Sql, run: LockedRun): Promise<boolean> {
  const taken = await rows(em)`
    update decisions set taken_at = now(), delivered_at = coalesce(delivered_at, now())
    where run_id = ${run.id} and epoch = ${run.epoch} and park = ${run.park} and taken_at is null returning id`;
  if (taken.length === 0) return false;
  await rows(em)`
    update runs set pause_requested_at = null, pause_requested_by = null, held_by = null, held_since = null, held_step_id = null
    where id = ${run.id}`;
  await rows(em)`
    update run_steps set state = 'running', reason_code = null, reason = null
    where run_id = ${run.id} and position = 0 and state = 'waiting'`;
  await moveRun(em, run, 'running');
  Object.assign(run, { heldBy: null, pauseRequestedAt: null });
  return true;
}

/** Drills that are under way come to their own ends. */
async function closeCancelled(em: Sql, run: LockedRun): Promise<void> {
  await rows(em)`
    update run_steps set state = 'failed', finished_at = now(), reason_code = 'cancelled', reason = 'Cancelled on request.'
    where run_id = ${run.id} and state in ('running', 'waiting')`;
  await moveRun(em, run, 'cancelled', {
    code: 'cancelled',
    text: 'Cancelled on request; drills that are under way come to their ends.',
  });
}

async function close(em: Sql, run: LockedRun): Promise<void> {
  const [count] = await rows<{ plan: string | null; done: number; failed: number; passed: number }>(em)`
    select (select plan from fleet_drills where run_id = ${run.id}) as plan, count(*) filter (where state = 'done')::int as done,
      count(*) filter (where state = 'failed')::int as failed, count(*) filter (where state = 'passed')::int as passed
    from fleet_drill_tenants where run_id = ${run.id}`;
  const { plan = null, ...counts } = count ?? { done: 0, failed: 0, passed: 0 };
  await appendEvent(
    em,
    {
      stream: plan === null ? `run:${run.id}` : `plan:${plan}`,
      ...{ type: 'fleet.proven', tenantId: null, data: { runId: run.id, plan, ...counts } },
    },
    run.actor,
  );
  const text = `The backups of ${counts.failed} of ${counts.done + counts.failed} tenants were not proven; each drill says why.`;
  await closePlatformRun(em, run, counts.failed > 0 ? { code: 'drill_failed', text } : null);
  await finishFixedSteps(em, run.id);
}
