import type { BackupDay, Protection, TenantBackups } from '#contracts/backups/backups.ts';
import { usualBackupRules, type BackupRules } from '#contracts/backups/policies.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { registryTime, rows } from '../../sql.ts';
import { pausedOf } from '../policies/viewPolicies.ts';
import { nextWindow, slotSeconds } from '../policies/windows.ts';
import { protectionOf, withProtection } from './protection.ts';

const daysShown = 13 * 7;

interface Row {
  plan: string;
  state: string;
  protection: Protection;
  last_id: string | null;
  last_at: string | null;
  failures: number | null;
  failed_at: string | null;
  failure_code: string | null;
  failure: string | null;
  paused_at: string | null;
  pause_reason: string | null;
  paused_by: string | null;
  plan_paused_at: string | null;
  plan_pause_reason: string | null;
  plan_paused_by: string | null;
  rules: BackupRules | null;
  is_held: boolean;
  kept: number;
  stored_bytes: string;
  proven_at: string | null;
  open_run_id: string | null;
}

/** How a tenant is protected, and what became of its backups on each of the last days. Refuses with `not_found`. */
export async function viewTenantBackups(em: Sql, tenantId: string): Promise<TenantBackups> {
  const [row] = await rows<Row>(em)`
    select t.plan, t.state, ${protectionOf} as protection, b.last_id, b.last_at, b.failures, b.failed_at, b.failure_code, b.failure,
      b.paused_at, b.pause_reason, u.email as paused_by,
      p.paused_at as plan_paused_at, p.pause_reason as plan_pause_reason, pu.email as plan_paused_by, p.rules,
      exists (select 1 from legal_holds h where h.tenant_id = t.id and h.backup_id is null and h.lifted_at is null) as is_held,
      (select count(*)::int from backups k where k.tenant_id = t.id and k.state = 'kept') as kept,
      (select coalesce(sum(stored_bytes), 0)::text from backups k where k.tenant_id = t.id and k.state = 'kept') as stored_bytes,
      (select max(proven_at) from backups k where k.tenant_id = t.id) as proven_at,
      (select id from runs r where r.tenant_id = t.id and r.kind = 'backupTenant'
        and r.state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention') limit 1) as open_run_id
    from ${withProtection}
    left join users u on u.id = b.paused_by and u.tenant_id is null left join users pu on pu.id = p.paused_by and pu.tenant_id is null
    where t.id = ${tenantId}`;
  if (!row) throw new DomainError('not_found', 'There is no such tenant.');
  const rules = row.rules ?? usualBackupRules;
  const isThere = row.state === 'active' || row.state === 'suspended';
  const now = new Date(await registryTime(em));
  const isAwaited = isThere && rules.enabled && row.paused_at === null && row.plan_paused_at === null;
  return {
    tenantId,
    plan: row.plan,
    protection: row.protection,
    lastId: row.last_id,
    lastAt: row.last_at && isoOf(row.last_at),
    nextAt: isAwaited ? nextSlot(rules, tenantId, now) : null,
    provenAt: row.proven_at && isoOf(row.proven_at),
    failure: failureOf(row),
    paused: whoPaused(row),
    isHeld: row.is_held,
    kept: row.kept,
    storedBytes: Number(row.stored_bytes),
    openRunId: row.open_run_id,
    rules,
    days: await daysOf(em, tenantId),
    may: { run: isThere && row.open_run_id === null },
  };
}

/** In the window that is open, or else in the next. */
function nextSlot(rules: BackupRules, tenantId: string, now: Date): string {
  const slotMs = slotSeconds(tenantId, rules.windowMinutes * 60) * 1_000;
  const next = nextWindow(rules, new Date(now.getTime() - slotMs));
  return new Date(next.getTime() + slotMs).toISOString();
}

export const failureOf = (row: {
  failures: number | null;
  failed_at: string | null;
  failure_code: string | null;
  failure: string | null;
}): TenantBackups['failure'] =>
  row.failures && row.failed_at
    ? { at: isoOf(row.failed_at), code: row.failure_code ?? '', text: row.failure ?? '', times: row.failures }
    : null;

function whoPaused(row: Row): TenantBackups['paused'] {
  const own = pausedOf(row);
  if (own) return { ...own, of: 'tenant' };
  const ofPlan = pausedOf({
    paused_at: row.plan_paused_at,
    paused_by: row.plan_paused_by,
    pause_reason: row.plan_pause_reason,
  });
  return ofPlan && { ...ofPlan, of: 'plan' };
}

const daysOf = (em: Sql, tenantId: string): Promise<BackupDay[]> =>
  rows<BackupDay>(em)`
    select to_char(d.day, 'YYYY-MM-DD') as day, coalesce(b.kept, 0) as kept, coalesce(b.removed, 0) as removed, coalesce(f.failed, 0) as failed,
      coalesce(b.proven, false) as proven
    from generate_series((now() at time zone 'utc')::date - ${daysShown - 1}::int, (now() at time zone 'utc')::date, interval '1 day') as d (day)
    left join (
      select (at at time zone 'utc')::date as day, count(*) filter (where state = 'kept')::int as kept,
        count(*) filter (where state in ('removing', 'removed') and removed_because <> 'unfinished')::int as removed,
        bool_or(proven_at is not null) as proven
      from backups where tenant_id = ${tenantId} and at > now() - make_interval(days => ${daysShown}::int) group by 1) b on b.day = d.day::date
    left join (
      select (created_at at time zone 'utc')::date as day, count(*)::int as failed from runs
      where tenant_id = ${tenantId} and kind = 'backupTenant' and state in ('rolled_back', 'needs_attention')
        and created_at > now() - make_interval(days => ${daysShown}::int) group by 1) f on f.day = d.day::date
    order by d.day`;
