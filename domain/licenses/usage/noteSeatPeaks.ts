import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';

/** Keeps the most seats and machines of each licence that were checked out on the day of `now`. @returns how many peaks rose */
export async function noteSeatPeaks(em: Sql, now: Date): Promise<number> {
  const risen = await rows(em)`
    insert into license_use_days as known (license_id, kind, day, peak)
    select license_id, kind, (${now}::timestamptz at time zone 'UTC')::date, count(*) from license_uses
    where dies_at is null or dies_at > ${now} group by 1, 2 order by 1, 2
    on conflict (license_id, kind, day) do update set peak = excluded.peak where known.peak < excluded.peak
    returning 1`;
  return risen.length;
}
