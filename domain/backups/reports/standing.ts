import { sql, type RawBuilder } from 'kysely';
import { usualBackupRules } from '#contracts/backups/policies.ts';
import { isEnabled, withProtection } from '../viewing/protection.ts';

/** A drill that is so much later than promised is somebody's business. */
export const graceDays = 3;

/** How often a tenant of the plan is drilled; of plans that nobody spoke of yet, as is usual. */
export const drillDaysOf = sql`coalesce((p.rules ->> 'drillDays')::int, ${usualBackupRules.drillDays}::int)`;

/** Whether the plan wants drills: `p.rules` may say null, which is not the same as nothing. */
export const wantsDrills = sql`(${isEnabled} and (p.rules is null or p.rules -> 'drillDays' <> 'null'::jsonb))`;

const promisedSince = sql`now() - make_interval(days => ${drillDaysOf} + ${graceDays}::int)`;

/** {@link withProtection}, with when a drill of each tenant last held (`held.proven_at`), and its newest that came to an end (`newest`). */
export const withDrills = sql`${withProtection}
  left join lateral (select max(finished_at) as proven_at from backup_drills d where d.tenant_id = t.id and d.state = 'proven') held on true
  left join lateral (
    select * from backup_drills d where d.tenant_id = t.id and d.state in ('proven', 'failed') order by d.started_at desc limit 1) newest on true`;

/** How a tenant's backups stand, of {@link withDrills}. */
export const drillStandingOf: RawBuilder<string> = sql`case
  when t.state not in ('active', 'suspended') or not ${wantsDrills} then 'off'
  when b.paused_at is not null or p.paused_at is not null then 'paused'
  when newest.state = 'failed' then 'failing'
  when held.proven_at > ${promisedSince} then 'proven'
  when held.proven_at is not null then 'stale'
  when b.since <= ${promisedSince} then 'never'
  else 'waiting' end`;
