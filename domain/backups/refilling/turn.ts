import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { PlatformRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import { moveRun, type Ledger, type LockedRun } from '../../runs/ledger.ts';
import { beginPlatformRun, closePlatformRun } from '../../runs/platformRun.ts';
import { appendEvent } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';
import { openRefillOfTenant } from './openRefill.ts';
import { restoredAt } from './viewRefill.ts';

/** What came of a look at the run: runs to start now, whether it is over, and for how long nothing can happen but by others. */
export interface RefillTurn {
  runIds: string[];
  isOver: boolean;
  waitMs: number;
}

const lookAgainMs = 300;
const lookedAtOnce = 5;

/** Whom to look at next: what they lost, and which backups there are. Empty before the run has begun, and once all were looked at. */
export async function toLookAt(em: Sql, runId: string): Promise<string[]> {
  const found = await rows<{ id: string }>(em)`
    select tenant_id as id from refill_tenants where run_id = ${runId} and state = 'pending' and looked_at is null
    order by tenant_id limit ${lookedAtOnce}`;
  return found.map(({ id }) => id);
}

/** What a look at a tenant found; one that lost nothing is done with. */
export async function noteLooked(em: Sql, runId: string, tenantId: string, lost: readonly string[]): Promise<void> {
  const state = lost.length === 0 ? 'there' : 'pending';
  await rows(em)`
    update refill_tenants set looked_at = now(), lost = ${[...lost]}::text[], state = ${state},
      finished_at = case when ${state} = 'there' then now() end
    where run_id = ${runId} and tenant_id = ${tenantId} and state = 'pending'`;
}

export const noteFailed = (em: Sql, runId: string, tenantId: string, code: string): Promise<unknown> =>
  rows(em)`
    update refill_tenants set state = 'failed', reason_code = ${code}, looked_at = coalesce(looked_at, now()), finished_at = now()
    where run_id = ${runId} and tenant_id = ${tenantId} and state in ('pending', 'running')`;

/**
 * One look: counts what has ended, and opens what is due while less than `atOnce` are under way. By the rows alone, under the run's lock: whoever asks, after
 * whatever was killed, is told the same.
 */
export const takeRefillTurn = (ledger: Ledger, ref: PlatformRef, atOnce: number): Promise<RefillTurn> =>
  ledger.onRun<RefillTurn>(ref, async (em, run) => {
    const result = (more: Partial<RefillTurn>): RefillTurn => ({ runIds: [], isOver: false, waitMs: 0, ...more });
    if (runIsOver(run.state)) return { changed: false, result: result({ isOver: true }) };
    const isNew = run.state === 'queued';
    if (isNew) await begin(em, run);
    const ended = await countEnded(em, run.id);
    if (run.cancelRequestedAt) {
      await closeCancelled(em, run);
      return { changed: true, result: result({ isOver: true }) };
    }
    const runIds = await openNext(em, run, atOnce);
    const [left] = await rows<{ ahead: number; unseen: number; done: number }>(em)`
      select count(*) filter (where state in ('pending', 'running'))::int as ahead,
        count(*) filter (where state = 'pending' and looked_at is null)::int as unseen,
        count(*) filter (where state not in ('pending', 'running'))::int as done
      from refill_tenants where run_id = ${run.id}`;
    const { ahead = 0, unseen = 0, done = 0 } = left ?? {};
    await rows(em)`update run_progress set done = ${done}, updated_at = now() where run_id = ${run.id}`;
    if (ahead === 0) {
      await close(em, run);
      return { changed: true, result: result({ isOver: true }) };
    }
    const changed = isNew || ended > 0 || runIds.length > 0;
    return { changed, result: result({ runIds, waitMs: unseen > 0 ? 0 : lookAgainMs }) };
  });

async function begin(em: Sql, run: LockedRun): Promise<void> {
  const tenants = await rows(em)`
    insert into refill_tenants (run_id, tenant_id)
    select ${run.id}::uuid, id from tenants where state in ('active', 'suspended') returning 1`;
  await beginPlatformRun(em, run, async () => [{ count: tenants.length }]);
}

/** A backup that could not be believed is given up for the one before it. */
async function countEnded(em: Sql, runId: string): Promise<number> {
  const ended = await rows<{ tenant: string; state: RunState; code: string | null }>(em)`
    select f.tenant_id as tenant, r.state, r.reason_code as code from refill_tenants f join runs r on r.id = f.restore_run_id
    where f.run_id = ${runId} and f.state = 'running' and r.state in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`;
  for (const { tenant, state, code } of ended) {
    if (state === 'succeeded')
      await rows(em)`
        update refill_tenants set state = 'done', finished_at = now() where run_id = ${runId} and tenant_id = ${tenant}`;
    else if (state === 'rolled_back' && code?.startsWith('backup_') && !code.startsWith('backup_place'))
      await rows(em)`
        update refill_tenants set state = 'pending', tried = tried || backup_id, reason_code = ${code}
        where run_id = ${runId} and tenant_id = ${tenant}`;
    else await noteFailed(em, runId, tenant, code ?? state);
  }
  return ended.length;
}

/** People who came after the registry's moment come too; who went before it stays away. */
async function openNext(em: Sql, run: LockedRun, atOnce: number): Promise<string[]> {
  const due = await rows<{
    tenant: string;
    lost: string[];
    backup: string | null;
    at: string | null;
    why: string | null;
  }>(em)`
    select f.tenant_id as tenant, f.lost, b.id as backup, b.at, f.reason_code as why from refill_tenants f
    left join lateral (
      select id, at from backups b where b.tenant_id = f.tenant_id and b.state = 'kept' and b.verified_as is distinct from 'bad'
        and b.cause not in ('before_restore', 'point_in_time') and not (b.id = any(f.tried)) order by b.at desc limit 1) b on true
    where f.run_id = ${run.id} and f.state = 'pending' and f.looked_at is not null order by f.tenant_id
    limit greatest(0, ${atOnce}::int - (
      select count(*)::int from refill_tenants where run_id = ${run.id} and state = 'running'))`;
  const registryIs = due.length > 0 ? await restoredAt(em) : null;
  const opened: string[] = [];
  for (const { tenant: tenantId, lost, backup: backupId, at, why } of due) {
    if (!backupId) {
      await noteFailed(em, run.id, tenantId, why ?? 'backup_not_found');
      continue;
    }
    const isLater = registryIs !== null && at !== null && Date.parse(at) > Date.parse(registryIs);
    const wanted = { tenantId, backupId, parentRunId: run.id, lost: isLater ? [...lost, 'realm'] : lost };
    try {
      const runId = await em.transactional((tx) => openRefillOfTenant(tx, wanted, run.actor));
      await rows(em)`
        update refill_tenants set state = 'running', backup_id = ${backupId}, restore_run_id = ${runId}
        where run_id = ${run.id} and tenant_id = ${tenantId}`;
      opened.push(runId);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      await noteFailed(em, run.id, tenantId, error.code);
    }
  }
  return opened;
}

/** What is under way comes to its own end. */
async function closeCancelled(em: Sql, run: LockedRun): Promise<void> {
  await rows(em)`
    update refill_tenants set state = 'passed', reason_code = 'cancelled', finished_at = now()
    where run_id = ${run.id} and state = 'pending'`;
  await rows(em)`
    update run_steps set state = 'failed', finished_at = now(), reason_code = 'cancelled', reason = 'Cancelled on request.'
    where run_id = ${run.id} and state = 'running'`;
  await moveRun(em, run, 'cancelled', {
    code: 'cancelled',
    text: 'Cancelled on request; what is being filled comes to its end.',
  });
}

async function close(em: Sql, run: LockedRun): Promise<void> {
  const [counts] = await rows<{ done: number; failed: number; there: number }>(em)`
    select count(*) filter (where state = 'done')::int as done, count(*) filter (where state = 'failed')::int as failed,
      count(*) filter (where state = 'there')::int as there from refill_tenants where run_id = ${run.id}`;
  const { done = 0, failed = 0, there = 0 } = counts ?? {};
  const [installation] = await rows<{ id: string }>(em)`select id from installations`;
  await appendEvent(
    em,
    {
      ...{ stream: `platform:${installation?.id ?? ''}` as const, type: 'platform.refilled', tenantId: null },
      data: { runId: run.id, done, failed, there },
    },
    run.actor,
  );
  const text = `${failed} of ${done + failed} tenants that lost something could not be filled again; the list says why.`;
  await closePlatformRun(em, run, failed > 0 ? { code: 'restore_refused', text } : null);
}
