import { sql } from 'kysely';
import { theSystem } from '../../events/appendEvent.ts';
import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';
import { closeTasks } from '../../tasks/closeTasks.ts';
import { rulesOf } from '../policies/policyRow.ts';
import { settleNewest, tellOfBackup } from '../runs/backupRow.ts';
import { finishTakenBack } from '../runs/finishTakenBack.ts';
import { whatStays, type Aged } from './whatStays.ts';

const againHours = 1;
/** For so long a restore in place can be taken back by the copy that was made before it, and a copy of a past moment stays. */
export const wayBackDays = 7;

export interface Going {
  id: string;
  tenantId: string;
}

/** Backups whose time has come to be removed; what a legal hold keeps waits until it is lifted. */
export const findGoing = (em: Sql, now: Date, most: number): Promise<Going[]> =>
  rows<Going>(em)`
    select b.id, b.tenant_id as "tenantId" from backups b
    where b.state in ('discarded', 'removing') and b.remove_at <= ${now.toISOString()}::timestamptz
      and (b.removed_because <> 'retention' or not exists (
        select 1 from legal_holds h where h.tenant_id = b.tenant_id and coalesce(h.backup_id, b.id) = b.id and h.lifted_at is null))
    order by b.remove_at limit ${most}`;

/** Nothing of it lies in the place any more. With it ends a run that could not remove it when it was taken back. */
export async function noteRemoved(em: Sql, { id }: Going): Promise<void> {
  const [gone] = await rows<{ id: string; tenant_id: string; run_id: string; was: string; because: string }>(em)`
    update backups b set state = 'removed', removed_at = clock_timestamp(), remove_at = null, remove_failure = null
    from (select id, state from backups where id = ${id} for update) before
    where b.id = before.id and before.state in ('discarded', 'removing')
    returning b.id, b.tenant_id, b.run_id, before.state as was, b.removed_because as because`;
  if (!gone) return;
  if (gone.was === 'removing')
    await tellOfBackup(em, gone, { type: 'backup.removed', data: { because: gone.because } }, theSystem);
  else await finishTakenBack(em, gone.run_id, 'backup.write');
  await closeTasks(em, { subjectId: gone.id, kinds: ['backup_broken'] }, theSystem);
}

/** It could not be removed now: it is tried again in an hour, or once its lock is over. */
export const noteStillThere = (em: Sql, { id }: Going, code: string, lockEnds: Date | null = null): Promise<unknown> =>
  rows(em)`
    update backups set remove_failure = ${code}, locked_until = greatest(locked_until, ${lockEnds?.toISOString() ?? null}::timestamptz),
      remove_at = case when greatest(locked_until, ${lockEnds?.toISOString() ?? null}::timestamptz) > now()
        then greatest(locked_until, ${lockEnds?.toISOString() ?? null}::timestamptz)
        else now() + make_interval(hours => ${againHours}::int) end
    where id = ${id} and state in ('discarded', 'removing')`;

/**
 * A lock that nobody here had set (the bucket's own rule, or a hand) keeps one that retention gave up, and all of it: it is kept until then, and can be
 * restored. False when it was to go for another reason.
 */
export async function keepLocked(em: Sql, { id, tenantId }: Going, lockEnds: Date): Promise<boolean> {
  const kept = await rows(em)`
    update backups set state = 'kept', removed_because = null, remove_at = null, remove_failure = null, locked_until = ${lockEnds.toISOString()}::timestamptz
    where id = ${id} and state = 'removing' and removed_because = 'retention' returning id`;
  if (kept.length > 0) await settleNewest(em, tenantId);
  return kept.length > 0;
}

/** Tenants whose backups were not looked at for an hour, or were made or promised otherwise since. */
export const findToLookAt = async (em: Sql, now: Date, most: number): Promise<string[]> => {
  const found = await rows<{ id: string }>(em)`
    select tenant_id as id from tenant_backups
    where looked_at is null or looked_at < ${now.toISOString()}::timestamptz - make_interval(hours => ${againHours}::int)
    order by looked_at nulls first limit ${most}`;
  return found.map(({ id }) => id);
};

interface Kept {
  id: string;
  at: string;
  verified_as: 'good' | 'bad' | null;
  proven_at: string | null;
  locked_until: string | null;
  needed_until: string | null;
  is_apart: boolean;
  is_in_use: boolean;
  is_held: boolean;
}

/** What is read by runs that are not over: drills, restores into this tenant or another, and readings. */
const inUseOf = (tenantId: string) => sql`
  select u.backup_id from (
    select run_id, backup_id from backup_drills where tenant_id = ${tenantId}
    union all select run_id, backup_id from restores where source_tenant_id = ${tenantId}
    union all select id, subject_id from runs where tenant_id = ${tenantId} and kind = 'verifyBackup'
  ) u join runs r on r.id = u.run_id
  where u.backup_id is not null and r.state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`;

/** What is kept of a tenant, as {@link whatStays} wants to know it, and whether a legal hold keeps all of it. */
export async function keptOf(em: Sql, tenantId: string): Promise<{ backups: Aged[]; isHeld: boolean }> {
  const kept = await rows<Kept>(em)`
    select id, at, verified_as, proven_at, locked_until,
      case cause when 'before_restore' then at + make_interval(days => ${wayBackDays}::int)
        when 'point_in_time' then finished_at + make_interval(days => ${wayBackDays}::int) end as needed_until,
      cause = 'point_in_time' as is_apart, id in (${inUseOf(tenantId)}) as is_in_use,
      exists (select 1 from legal_holds h where h.backup_id = backups.id and h.lifted_at is null) as is_held
    from backups where tenant_id = ${tenantId} and state = 'kept'`;
  const holds = await rows(em)`select 1 from legal_holds 
    where tenant_id = ${tenantId} and backup_id is null and lifted_at is null`;
  const timeOf = (time: string | null): Date | null => (time === null ? null : new Date(time));
  return {
    backups: kept.map((one) => ({
      id: one.id,
      at: new Date(one.at),
      isGood: one.verified_as !== 'bad',
      provenAt: timeOf(one.proven_at),
      lockedUntil: timeOf(one.locked_until),
      neededUntil: timeOf(one.needed_until),
      isInUse: one.is_in_use,
      isHeld: one.is_held,
      isApart: one.is_apart,
    })),
    isHeld: holds.length > 0,
  };
}

/**
 * Marks what does not stay of a tenant's backups, under the locks of its rows. Returns how many that are.
 *
 * @param tenantId of a tenant that may be gone; then nothing is marked, as its erasure removes them all
 */
export async function markGoing(em: Sql, tenantId: string, now: Date): Promise<number> {
  // A hold that is set now waits for this, and what it finds then stays.
  const [tenant] = await rows<{ plan: string }>(em)`select plan from tenants where id = ${tenantId} for update`;
  await rows(em)`update tenant_backups set looked_at = ${now.toISOString()}::timestamptz where tenant_id = ${tenantId}`;
  if (!tenant) return 0;
  const { keep } = await rulesOf(em, tenant.plan);
  const { backups, isHeld } = await keptOf(em, tenantId);
  const stays = whatStays(backups, keep, { now, isHeld });
  const going = backups.filter(({ id }) => !stays.has(id)).map(({ id }) => id);
  if (going.length === 0) return 0;
  await rows(em)`
    update backups set state = 'removing', removed_because = 'retention', remove_at = ${now.toISOString()}::timestamptz
    where id = any(${going}::uuid[]) and state = 'kept'`;
  await settleNewest(em, tenantId);
  return going.length;
}
