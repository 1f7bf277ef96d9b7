import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { PlatformRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import { appendEvent } from '../../events/appendEvent.ts';
import { moveRun, type Ledger, type LockedRun } from '../../runs/ledger.ts';
import { beginPlatformRun, closePlatformRun } from '../../runs/platformRun.ts';
import { finishFixedSteps } from '../../runs/ending/closeRun.ts';
import { json, registryTime, rows } from '../../sql.ts';
import { slotSeconds } from '../policies/windows.ts';
import { openBackup } from '../runs/openBackup.ts';

/** What came of a look at the run: runs to start now, whether it is over, and until when nothing can happen but by others. */
export interface Turn {
  runIds: string[];
  isOver: boolean;
  /** Until the next tenant's turn comes, or a copy may have ended. */
  waitMs: number;
}

/** Whoever ends a copy looks at once; this finds what ended otherwise. */
const lookAgainMs = 1_000;

interface FleetRow {
  plan: string;
  cause: string;
  due_at: string;
  window_seconds: number;
}

/**
 * One look: counts what has ended, and opens what is due while less than `atOnce` copies are under way, of whatever plan. By the rows alone, under the run's lock: whoever
 * asks, after whatever was killed, is told the same.
 */
export const takeTurn = (ledger: Ledger, ref: PlatformRef, atOnce: number): Promise<Turn> =>
  ledger.onRun<Turn>(ref, async (em, run) => {
    if (runIsOver(run.state)) return unchanged({ runIds: [], isOver: true, waitMs: 0 });
    const fleet = await fleetOf(em, run.id);
    const isNew = run.state === 'queued';
    if (isNew) await begin(em, run, fleet);
    const ended = await countEnded(em, run.id);
    if (run.cancelRequestedAt) {
      await passRest(em, run.id, 'cancelled');
      await closeCancelled(em, run);
      return changed({ runIds: [], isOver: true, waitMs: 0 });
    }
    const now = new Date(await registryTime(em));
    const opened = await openSlots(em, run, { now, atOnce });
    const [left] = await rows<{ running: number; next_at: string | null }>(em)`
      select count(*) filter (where state = 'running')::int as running, min(slot_at) filter (where state = 'pending') as next_at
      from fleet_backup_tenants where run_id = ${run.id} and state in ('pending', 'running')`;
    const { running = 0, next_at: nextAt = null } = left ?? {};
    if (running === 0 && nextAt === null) {
      await close(em, run, fleet);
      return changed({ runIds: [], isOver: true, waitMs: 0 });
    }
    const untilNextMs = nextAt === null ? Infinity : Date.parse(nextAt) - now.getTime();
    // What is due already waits for others to end.
    const waitMs = running > 0 || untilNextMs <= 0 ? lookAgainMs : untilNextMs;
    return {
      changed: isNew || ended > 0 || opened.length > 0,
      result: { runIds: opened, isOver: false, waitMs },
    };
  });

/** The run of the fleet that a backup is part of, while it goes on. */
export async function fleetAbove(em: Sql, runId: string): Promise<PlatformRef | null> {
  const [fleet] = await rows<{ id: string; epoch: number }>(em)`
    select f.id, f.epoch from runs r join runs f on f.id = r.parent_run_id and f.kind = 'backupFleet' and f.state = 'running'
    where r.id = ${runId}`;
  return fleet ? { runId: fleet.id, tenantId: null, epoch: fleet.epoch } : null;
}

const changed = (result: Turn) => ({ changed: true, result });
const unchanged = (result: Turn) => ({ changed: false, result });

async function fleetOf(em: Sql, runId: string): Promise<FleetRow> {
  const [row] = await rows<FleetRow>(em)`
    select plan, cause, due_at, window_seconds from fleet_backups where run_id = ${runId}`;
  if (!row) throw new Error(`run ${runId} backs up no plan`);
  return row;
}

/** Who is backed up, and when: each at its place in the window. Tenants that come later have their turn in the next. */
async function begin(em: Sql, run: LockedRun, fleet: FleetRow): Promise<void> {
  const tenants = await rows<{ id: string }>(em)`
    select t.id from tenants t left join tenant_backups b on b.tenant_id = t.id
    where t.plan = ${fleet.plan} and t.state in ('active', 'suspended') and b.paused_at is null`;
  const dueMs = Date.parse(fleet.due_at);
  const slots = tenants.map(({ id }) => ({
    id,
    slot: new Date(dueMs + slotSeconds(id, fleet.window_seconds) * 1_000).toISOString(),
  }));
  await rows(em)`
    insert into fleet_backup_tenants (run_id, tenant_id, slot_at)
    select ${run.id}::uuid, id, slot from jsonb_to_recordset(${json(slots)}::jsonb) as given (id uuid, slot timestamptz)`;
  await beginPlatformRun(em, run, async () => [{ count: tenants.length }]);
}

/** Whose copies have ended since. Returns how many. */
async function countEnded(em: Sql, runId: string): Promise<number> {
  const ended = await rows<{ state: RunState }>(em)`
    update fleet_backup_tenants f set
      state = case when r.state = 'succeeded' then 'done' else 'failed' end,
      reason_code = case when r.state = 'succeeded' then null else coalesce(r.reason_code, r.state) end, finished_at = r.finished_at
    from runs r
    where f.run_id = ${runId} and f.state = 'running' and r.id = f.backup_run_id
      and r.state in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')
    returning r.state`;
  if (ended.length > 0)
    await rows(em)`
      update run_progress set done = done + ${ended.length}::int, updated_at = now(),
        found = found + ${ended.filter(({ state }) => state !== 'succeeded').length}::int
      where run_id = ${runId}`;
  return ended.length;
}

/** Opens the runs of tenants whose turn has come; one that cannot be backed up now is passed over, with why. */
async function openSlots(em: Sql, run: LockedRun, { now, atOnce }: { now: Date; atOnce: number }): Promise<string[]> {
  const due = await rows<{ tenant_id: string }>(em)`
    select tenant_id from fleet_backup_tenants
    where run_id = ${run.id} and state = 'pending' and slot_at <= ${now.toISOString()}::timestamptz
    order by slot_at, tenant_id
    limit greatest(0, ${atOnce}::int - (
      select count(*)::int from runs where kind = 'backupTenant' and queue = 'bulk'
        and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')))`;
  const opened: string[] = [];
  for (const { tenant_id: tenantId } of due) {
    try {
      const { runId } = await em.transactional((tx) =>
        openBackup(tx, { tenantId, cause: 'schedule', parentRunId: run.id }, run.actor),
      );
      await rows(em)`
        update fleet_backup_tenants set state = 'running', backup_run_id = ${runId}
        where run_id = ${run.id} and tenant_id = ${tenantId}`;
      opened.push(runId);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      await pass(em, run.id, tenantId, error);
    }
  }
  return opened;
}

/** One that somebody else makes at this moment is as good. */
async function pass(em: Sql, runId: string, tenantId: string, { code, extra }: DomainError): Promise<void> {
  const other = code === 'run_in_progress' ? (extra['runId'] as string | undefined) : undefined;
  await rows(em)`
    update fleet_backup_tenants set
      state = case when ${other ?? null}::uuid is null then 'passed' else 'running' end, backup_run_id = ${other ?? null}::uuid,
      reason_code = ${code}, finished_at = case when ${other ?? null}::uuid is null then now() end
    where run_id = ${runId} and tenant_id = ${tenantId}`;
  if (!other) await rows(em)`update run_progress set done = done + 1, updated_at = now() where run_id = ${runId}`;
}

const passRest = (em: Sql, runId: string, why: string): Promise<unknown> =>
  rows(em)`
    update fleet_backup_tenants set state = 'passed', reason_code = ${why}, finished_at = now()
    where run_id = ${runId} and state = 'pending'`;

/** Copies that are under way come to their own ends. */
async function closeCancelled(em: Sql, run: LockedRun): Promise<void> {
  await rows(em)`
    update run_steps set state = 'failed', finished_at = now(), reason_code = 'cancelled', reason = 'Cancelled on request.'
    where run_id = ${run.id} and state = 'running'`;
  await moveRun(em, run, 'cancelled', {
    code: 'cancelled',
    text: 'Cancelled on request; what is being copied comes to its end.',
  });
}

async function close(em: Sql, run: LockedRun, fleet: FleetRow): Promise<void> {
  const [count] = await rows<{ done: number; failed: number; passed: number }>(em)`
    select count(*) filter (where state = 'done')::int as done, count(*) filter (where state = 'failed')::int as failed,
      count(*) filter (where state = 'passed')::int as passed
    from fleet_backup_tenants where run_id = ${run.id}`;
  const counts = count ?? { done: 0, failed: 0, passed: 0 };
  await appendEvent(
    em,
    {
      stream: `plan:${fleet.plan}`,
      type: 'plan.backed_up',
      tenantId: null,
      data: { runId: run.id, cause: fleet.cause, ...counts },
    },
    run.actor,
  );
  const text = `${counts.failed} of ${counts.done + counts.failed} tenants could not be backed up; each run says why.`;
  await closePlatformRun(em, run, counts.failed > 0 ? { code: 'backup_failed', text } : null);
  await finishFixedSteps(em, run.id);
}
