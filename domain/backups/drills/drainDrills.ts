import { sql } from 'kysely';
import { DomainError } from '#contracts/errors.ts';
import { usualBackupRules } from '#contracts/backups/policies.ts';
import type { Sql } from '../../database.ts';
import { theSystem } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';
import { openTask } from '../../tasks/openTask.ts';
import { drillDaysOf, graceDays, wantsDrills } from '../reports/standing.ts';
import { withProtection } from '../viewing/protection.ts';
import { drillSubject } from './closeDrill.ts';
import { freePlaces } from './freePlaces.ts';
import { openDrill } from './openDrill.ts';

/** A drill that failed is tried again after this; whoever mends the backup need not wait for it. */
const againHours = 24;

/** Over so many days the first drills are spread, however seldom the plan wants them: what starts on one day must not all be restored on it. */
const firstDays = 7;
/** A tenant's place in them, by its id alone: 0 is their beginning, 1 their end. */
const placeOf = sql`(('x' || substr(md5(t.id::text), 1, 7))::bit(28)::int / ${2 ** 28}::float8)`;

/**
 * Opens the drills that are due, the longest overdue first, and tells of tenants whose drills are late. A tenant is due when its last proof is as old as its plan says;
 * one that was never proven comes to its place in the first days.
 *
 * @returns the runs to start
 */
export async function drainDrills(em: Sql, now: Date, atOnce: number): Promise<string[]> {
  const runIds = await em.transactional((tx) => openDue(tx, now, atOnce));
  await tellLate(em, now);
  return runIds;
}

async function openDue(em: Sql, now: Date, atOnce: number): Promise<string[]> {
  const free = await freePlaces(em, atOnce);
  const due = await rows<{ id: string }>(em)`
    select t.id from ${withProtection}
    left join lateral (select max(started_at) filter (where state = 'proven') as proven, max(started_at) as tried
                       from backup_drills d where d.tenant_id = t.id) as before on true
    where t.state in ('active', 'suspended') and b.last_id is not null and b.paused_at is null and p.paused_at is null and ${wantsDrills}
      and case when before.proven is null then b.since + make_interval(secs => 86400 * ${placeOf} * least(${drillDaysOf}, ${firstDays}::int))
               else before.proven + make_interval(days => ${drillDaysOf}) end < ${now}::timestamptz
      and (before.tried is null or before.tried < ${now}::timestamptz - make_interval(hours => ${againHours}::int))
      and exists (select 1 from backups k where k.tenant_id = t.id and k.state = 'kept')
    order by before.proven nulls first, b.since, t.id limit ${free}::int`;
  const runIds: string[] = [];
  for (const { id } of due) {
    const opened = await em
      .transactional((tx) => openDrill(tx, id, { cause: 'schedule' }, theSystem))
      .catch((error: unknown) => {
        // Somebody was quicker, or the tenant left meanwhile.
        if (error instanceof DomainError) return null;
        throw error;
      });
    if (opened) runIds.push(opened.runId);
  }
  return runIds;
}

/** Never, or not for longer than promised: told once for each tenant, until a drill holds. */
async function tellLate(em: Sql, now: Date): Promise<void> {
  const late = await rows<{ id: string; days: number }>(em)`
    select t.id, extract(epoch from ${now}::timestamptz - coalesce(before.proven, b.since))::int / 86400 as days
    from tenants t join tenant_backups b on b.tenant_id = t.id left join backup_policies p on p.plan = t.plan
    left join lateral (select max(finished_at) as proven from backup_drills d where d.tenant_id = t.id and state = 'proven') as before on true
    where t.state in ('active', 'suspended') and b.paused_at is null and p.paused_at is null
      and coalesce((p.rules->>'enabled')::boolean, true) and (p.rules is null or p.rules->'drillDays' <> 'null'::jsonb)
      and coalesce(before.proven, b.since) < ${now}::timestamptz
        - make_interval(days => coalesce((p.rules->>'drillDays')::int, ${usualBackupRules.drillDays}::int) + ${graceDays}::int)
      and not exists (select 1 from tasks k where k.kind = 'drill_overdue' and k.about = 'drill ' || t.id and k.state = 'open')
    limit 100`;
  for (const { id, days } of late)
    await em.transactional((tx) =>
      openTask(tx, {
        kind: 'drill_overdue',
        runId: null,
        tenantId: id,
        subjectId: drillSubject(id),
        title: 'A tenant’s backups were not proven for too long',
        reason: { code: 'drill_overdue', text: `No drill has held for ${days} days.` },
      }),
    );
}
