import { alarms, type Alarm, type Protection } from '#contracts/backups/backups.ts';
import type { LeftThing } from '#contracts/tasks.ts';
import type { Sql } from '../../database.ts';
import { appendEvents, theSystem } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';
import { closeTasks } from '../../tasks/closeTasks.ts';
import { openTask } from '../../tasks/openTask.ts';
import { subjectOfPlan } from '../runs/backupRow.ts';
import { protectionOf, withProtection } from '../viewing/protection.ts';

/** So many tenants are named at a task; the list of all is a page of its own. */
const namedAtTask = 20;

/**
 * Looks who is not protected as promised, and tells of each tenant when that begins and when it ends, once. A person is asked for by one
 * task for each plan, brought up to date as long as there is somebody to name.
 *
 * @returns how many tenants changed; fewer than `most` means that all were looked at
 */
export async function watchBackups(em: Sql, most: number): Promise<number> {
  const changed = await em.transactional((tx) => noteAlarms(tx, most));
  if (changed < most) await em.transactional((tx) => settleTasks(tx));
  return changed;
}

/** A tenant is known from the first time that somebody looks: its first backup has from then on the time that its plan promises. */
async function noteAlarms(em: Sql, most: number): Promise<number> {
  await rows(em)`
    insert into tenant_backups (tenant_id)
    select id from tenants t where state in ('active', 'suspended')
      and not exists (select 1 from tenant_backups b where b.tenant_id = t.id)
    on conflict do nothing`;
  // Streams of tenants have versions: whoever tells of one holds its row.
  const due = await rows<{ id: string; was: Alarm | null; protection: Protection }>(em)`
    select t.id, b.alarm as was, ${protectionOf} as protection from ${withProtection}
    where b.tenant_id is not null and b.alarm is distinct from (
      select case when x.protection = any(${[...alarms]}::text[]) then x.protection end from (select ${protectionOf} as protection) x)
    order by t.id limit ${most} for update of t, b skip locked`;
  if (due.length === 0) return 0;
  const alarmOf = (protection: Protection): Alarm | null =>
    (alarms as readonly string[]).includes(protection) ? (protection as Alarm) : null;
  for (const alarm of [null, ...alarms]) {
    const ids = due.filter(({ protection }) => alarmOf(protection) === alarm).map(({ id }) => id);
    if (ids.length > 0)
      await rows(em)`
        update tenant_backups set alarm = ${alarm}::text,
          alarmed_at = case when ${alarm}::text is null then null else coalesce(alarmed_at, now()) end
        where tenant_id = any(${ids}::uuid[])`;
  }
  const told = due.map(({ id, was, protection }) => {
    const alarm = alarmOf(protection);
    return {
      stream: `tenant:${id}` as const,
      type: alarm === null ? 'tenant.backups_recovered' : 'tenant.backups_missed',
      tenantId: id,
      data: alarm === null ? { was, protection } : { alarm },
      ...(alarm === null ? {} : { outcome: 'failed' as const, code: `backup_${alarm}` }),
    };
  });
  await appendEvents(em, told, theSystem);
  return due.length;
}

interface Unprotected {
  plan: string;
  title: string;
  counts: Partial<Record<Alarm, number>>;
  named: LeftThing[];
}

async function settleTasks(em: Sql): Promise<void> {
  const found = await rows<Unprotected>(em)`
    with alarmed as (
      select t.plan, t.id, b.alarm, b.last_at, b.failure,
        row_number() over (partition by t.plan order by b.last_at nulls first, t.id) as place
      from tenant_backups b join tenants t on t.id = b.tenant_id where b.alarm is not null
    )
    select l.name as plan, l.title,
      (select coalesce(jsonb_object_agg(alarm, count), '{}') from (
        select alarm, count(*)::int as count from alarmed where plan = l.name group by alarm) counted) as counts,
      (select coalesce(jsonb_agg(jsonb_build_object(
          'title', 'Tenant ' || id, 'where', 'backups',
          'why', case alarm when 'failing' then coalesce(failure, 'The last attempt failed.')
            when 'never' then 'It has no backup.' else 'Its newest backup is older than promised.' end) order by place), '[]')
        from alarmed where plan = l.name and place <= ${namedAtTask}) as named
    from plans l`;
  for (const { plan, title, counts, named } of found) {
    const subjectId = subjectOfPlan(plan);
    const total = alarms.reduce((sum, alarm) => sum + (counts[alarm] ?? 0), 0);
    if (total === 0) {
      await closeTasks(em, { subjectId, kinds: ['backups_missed'] }, theSystem);
      continue;
    }
    const text = [
      counts.failing ? `${counts.failing} could not be backed up` : null,
      counts.stale ? `${counts.stale} have no backup as young as promised` : null,
      counts.never ? `${counts.never} have none at all` : null,
    ];
    await openTask(em, {
      ...{ kind: 'backups_missed', runId: null, tenantId: null, subjectId },
      title: `Tenants of ${title} are not protected as promised`,
      reason: { code: 'backups_missed', text: `${text.filter((part) => part !== null).join(', ')}.` },
      left: named,
    });
  }
}

export interface ProtectionCount {
  protection: Protection;
  count: number;
  /** Age of the oldest of their newest backups, in seconds; null when they have none. */
  oldest: number | null;
}

/** How many tenants stand how, for who measures. */
export const countProtections = (em: Sql): Promise<ProtectionCount[]> =>
  rows<ProtectionCount>(em)`
    select ${protectionOf} as protection, count(*)::int as count, extract(epoch from now() - min(b.last_at))::float8 as oldest
    from ${withProtection} where t.state in ('active', 'suspended') group by 1`;
