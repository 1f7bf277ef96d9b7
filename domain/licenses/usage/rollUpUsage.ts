import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';

/**
 * Adds what was told since to its hours and days: one statement that takes each delta away and adds it, so that none is added twice or
 * lost, whoever dies in between and however many roll up at once. A late event is a delta of its hour like any other.
 *
 * @returns how many deltas were taken; fewer than `most` when no more can be taken now
 */
export async function rollUpUsage(em: Sql, _now: Date, most = 5_000): Promise<number> {
  const [rolled] = await rows<{ taken: number }>(em)`
    with taken as (
      delete from license_usage_deltas where id in (
        select id from license_usage_deltas order by id limit ${most} for update skip locked)
      returning license_id, meter, hour, quantity, events),
    by_hour as (
      insert into license_usage_hours as known (license_id, meter, hour, quantity, events)
      select license_id, meter, hour, sum(quantity), sum(events) from taken group by 1, 2, 3 order by 1, 2, 3
      on conflict (license_id, meter, hour) do update
      set quantity = known.quantity + excluded.quantity, events = known.events + excluded.events),
    by_day as (
      insert into license_usage_days as known (license_id, meter, day, quantity, events)
      select license_id, meter, (hour at time zone 'UTC')::date, sum(quantity), sum(events) from taken group by 1, 2, 3 order by 1, 2, 3
      on conflict (license_id, meter, day) do update
      set quantity = known.quantity + excluded.quantity, events = known.events + excluded.events)
    select count(*)::int as taken from taken`;
  return rolled?.taken ?? 0;
}
