import { sql } from 'kysely';
import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';

/**
 * Brings what is due of licences into step with their dates, states, policies and overrides, in the transaction that changed them. The
 * caller holds their rows. What their dates do not ask for any more is dropped: whoever renews, transfers or revokes a licence drops its
 * reminders. What happened once stays, so that an end which is set twice is not told twice.
 *
 * A reminder whose day was over by `now` when its end was set is none: nobody is reminded of sixty days by a licence of ten. An end that was over
 * already is told, once. A licence that was over when it was issued is not renewed by itself; one that is renewed late, to an end that is
 * over too, is renewed again.
 */
export async function keepDues(em: Sql, licences: string | readonly string[], now: Date): Promise<void> {
  const ids = typeof licences === 'string' ? [licences] : [...licences];
  await rows(em)`
    delete from license_dues d where d.license_id = any(${ids}::uuid[]) and d.state in ('open', 'held') and not exists (
      select 1 from license_wanted_dues w
      where w.license_id = any(${ids}::uuid[]) and w.license_id = d.license_id and w.kind = d.kind and w.days = d.days and w.due_at = d.due_at)`;
  await rows(em)`
    insert into license_dues (license_id, kind, days, due_at, ends_at)
    select w.license_id, w.kind, w.days, w.due_at, w.ends_at from license_wanted_dues w join licenses l on l.id = w.license_id
    where w.license_id = any(${ids}::uuid[]) and (w.kind <> 'reminder' or w.due_at > ${now}) and (w.kind <> 'renewal' or l.over_at > l.created_at)
    on conflict do nothing`;
  await rows(em)`
    update licenses l set lapse = w.lapse
    from (
      select h.id, case
          when h.expires_at is null or h.expires_at > ${now} then 'none'
          when h.over_at > ${now} or h.lapse = 'grace' then 'grace'
          else ${lapseOf} end as lapse
      from licenses h join license_policies p on p.name = h.policy_name and p.version = h.policy_version
      where h.id = any(${ids}::uuid[]) and h.lapse <> 'none') w
    where l.id = w.id and l.lapse <> w.lapse`;
}

/** What the end of a licence leads to by its policy `p`, once its grace is over too. */
const lapseOf = sql`case p.rules ->> 'onExpiry' when 'block' then 'blocked' when 'degrade' then 'degraded' else 'logged' end`;
