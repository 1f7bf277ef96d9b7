import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { settleOrphansTask } from './orphanFindings.ts';

export interface SweepLock {
  at: string;
  reason: string;
}

/** Null while orphans may be removed. */
export async function findLock(em: Sql): Promise<SweepLock | null> {
  const [lock] = await rows<{ at: string | null; reason: string | null }>(em)`
    select sweep_locked_at as at, sweep_lock_reason as reason from installations`;
  return lock?.at ? { at: new Date(lock.at).toISOString(), reason: lock.reason ?? '' } : null;
}

/** Holds the lock's row: whoever removes and whoever locks come one after the other. Refuses with `sweep_locked`. */
export async function refuseWhenLocked(em: Sql): Promise<void> {
  await rows(em)`select 1 from installations for share`;
  const lock = await findLock(em);
  if (lock) throw new DomainError('sweep_locked', `Nothing may be removed: ${lock.reason}`);
}

/**
 * What is outside tells of runs that the registry never heard of: it was restored to an earlier state. A run's row is committed before its
 * first effect and never deleted, so there is no other way; then what looks like an orphan may be somebody's only data.
 */
export async function lockSweep(em: Sql, reason: string, actor: Actor): Promise<void> {
  const locked = await rows<{ id: string }>(em)`
    update installations set sweep_locked_at = now(), sweep_lock_reason = ${reason}
    where sweep_locked_at is null returning id`;
  for (const { id } of locked)
    await appendEvent(em, { stream: `platform:${id}`, type: 'sweep.locked', tenantId: null, data: { reason } }, actor);
}

/** A person has found out what happened: what is known by now locks no more, and may be removed one by one. */
export async function unlockSweep(em: Sql, reason: string, actor: Actor): Promise<void> {
  const unlocked = await rows<{ id: string }>(em)`
    update installations set sweep_locked_at = null, sweep_lock_reason = null, sweep_reconciled_at = now()
    where sweep_locked_at is not null returning id`;
  const [installation] = unlocked;
  if (!installation) return;
  await rows(em)`update orphan_findings set reconciled_at = now() where state in ('open', 'accepted')`;
  const { id } = installation;
  await appendEvent(em, { stream: `platform:${id}`, type: 'sweep.unlocked', tenantId: null, data: { reason } }, actor);
  await settleOrphansTask(em, null, actor);
}
