import { sql, type RawBuilder } from 'kysely';
import { usualBackupRules } from '#contracts/backups/policies.ts';

/** Of plans that nobody spoke of yet, what is usual. */
export const isEnabled = sql`coalesce((p.rules ->> 'enabled')::boolean, ${usualBackupRules.enabled})`;
const promisedSince = sql`now() - make_interval(mins => coalesce((p.rules ->> 'rpoMinutes')::int, ${usualBackupRules.rpoMinutes}::int))`;

/**
 * How a tenant stands, of `tenants t left join tenant_backups b left join backup_policies p`: what a person stopped is no failure, and of
 * what is wrong the nearest cause is told.
 */
export const protectionOf: RawBuilder<string> = sql`case
  when t.state not in ('active', 'suspended') or not ${isEnabled} then 'off'
  when b.paused_at is not null or p.paused_at is not null then 'paused'
  when b.failures > 0 then 'failing'
  when b.last_at > ${promisedSince} then 'protected'
  when b.last_at is not null then 'stale'
  when b.since <= ${promisedSince} then 'never'
  else 'waiting' end`;

export const withProtection = sql`
  tenants t left join tenant_backups b on b.tenant_id = t.id left join backup_policies p on p.plan = t.plan`;
