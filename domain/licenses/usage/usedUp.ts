import type { MeterUsage } from '#contracts/licenses/uses.ts';
import type { Entitlement } from '#contracts/licenses/policies.ts';
import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';
import { endOfTerms } from '../calendar.ts';
import type { LicenseRow } from '../licenseRow.ts';

export type Meter = Extract<Entitlement, { meter: object }>['meter'];

/** Of a licence what its periods follow from. */
export type Termed = Pick<LicenseRow, 'id' | 'anchor_at' | 'terms' | 'starts_at' | 'expires_at'>;

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The period of a meter that `now` is in: a day or a month of UTC, or the term of the licence, from the hour in which it began. */
export function periodOf(
  per: Meter['per'],
  licence: Termed,
  termPeriod: string | null,
  now: Date,
): { since: Date; until: Date | null } {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  if (per === 'day')
    return { since: new Date(Date.UTC(year, month, day)), until: new Date(Date.UTC(year, month, day + 1)) };
  if (per === 'month')
    return { since: new Date(Date.UTC(year, month, 1)), until: new Date(Date.UTC(year, month + 1, 1)) };
  const starts = new Date(licence.starts_at).getTime();
  const renewed =
    termPeriod !== null && licence.terms > 1
      ? endOfTerms(new Date(licence.anchor_at), termPeriod, licence.terms - 1).getTime()
      : starts;
  const since = Math.max(starts, renewed);
  return {
    since: new Date(Math.floor(since / hourMs) * hourMs),
    until: licence.expires_at === null ? null : new Date(licence.expires_at),
  };
}

/**
 * How much of a meter a licence used since then, all that was accepted: what is rolled up, and what is not yet. One statement, so that a
 * roll-up that is under way is in it once.
 */
export async function usedSince(em: Sql, licenseId: string, meter: string, since: Date): Promise<number> {
  const firstDayEnds = new Date((Math.floor(since.getTime() / dayMs) + 1) * dayMs);
  const isWholeDay = since.getTime() % dayMs === 0;
  const [counted] = await rows<{ used: string }>(em)`
    select coalesce((select sum(quantity) from license_usage_days
                     where license_id = ${licenseId} and meter = ${meter}
                       and day >= (${isWholeDay ? since : firstDayEnds}::timestamptz at time zone 'UTC')::date), 0)
         + coalesce((select sum(quantity) from license_usage_hours
                     where not ${isWholeDay} and license_id = ${licenseId} and meter = ${meter}
                       and hour >= ${since} and hour < ${firstDayEnds}), 0)
         + coalesce((select sum(quantity) from license_usage_deltas
                     where license_id = ${licenseId} and meter = ${meter} and hour >= ${since}), 0) as used`;
  return Number(counted?.used ?? 0);
}

export async function usageOf(
  em: Sql,
  licence: Termed,
  { name, meter, termPeriod }: { name: string; meter: Meter; termPeriod: string | null },
  now: Date,
): Promise<MeterUsage> {
  const { since, until } = periodOf(meter.per, licence, termPeriod, now);
  return {
    used: await usedSince(em, licence.id, name, since),
    limit: meter.limit,
    per: meter.per,
    since: since.toISOString(),
    until: until && until.toISOString(),
  };
}

/** Nothing is left of it. */
export const isUsedUp = ({ used, limit }: Pick<MeterUsage, 'used' | 'limit'>): boolean =>
  limit !== null && used >= limit;
