import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { usageAheadSeconds, type UsageEvent, type UsageRefusal, type UsageTold } from '#contracts/licenses/usage.ts';
import type { Reach } from '../../access/grants.ts';
import { withinReach } from '../../access/withinReach.ts';
import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';

const dayMs = 86_400_000;

/** An event with where it stood, by what it is found again. */
interface Given extends UsageEvent {
  index: number;
  digest: string;
}

const messages: Record<UsageRefusal, (lateDays: number) => string> = {
  license_unknown: () => 'There is no such licence.',
  meter_unknown: () => 'The licence has no such meter.',
  too_late: (lateDays) => `It happened more than ${lateDays} days ago.`,
  in_future: () => `It is more than ${usageAheadSeconds} seconds ahead of the clock here.`,
  event_differs: () => 'An event of this id was told before, with another meter, quantity or time.',
};

/**
 * Counts events of usage, each once however often it is told: what comes again with the same content is known, with another it is refused.
 * What is refused keeps nothing else from being counted. Licences that are over, suspended or revoked still measure what happened under them;
 * those of erased tenants and those that are not in reach are unknown.
 */
export async function tellUsage(
  em: Sql,
  events: readonly UsageEvent[],
  { reach, now, lateDays }: { reach: Reach; now: Date; lateDays: number },
): Promise<UsageTold> {
  const refused: UsageTold['refused'] = [];
  const refuse = ({ index, id }: Given, code: UsageRefusal) =>
    refused.push({ index, id, code, message: messages[code](lateDays) });
  const meters = await metersOf(em, [...new Set(events.map(({ licenseId }) => licenseId))], reach);
  const fresh = new Map<string, Given>();
  let known = 0;
  for (const [index, event] of events.entries()) {
    // Kept to the millisecond: what comes again is compared with what was kept.
    const at = new Date(event.at).toISOString();
    const given: Given = { ...event, at, index, digest: digestOf(event.id) };
    const wrong = problemOf(given, meters.get(given.licenseId), now, lateDays);
    const before = fresh.get(keyOf(given));
    if (wrong) refuse(given, wrong);
    else if (!before) fresh.set(keyOf(given), given);
    else if (isSame(before, given)) known += 1;
    else refuse(given, 'event_differs');
  }
  const accepted = await keep(em, [...fresh.values()], now);
  const others = [...fresh].filter(([key]) => !accepted.has(key)).map(([, given]) => given);
  const told = await toldBefore(em, others);
  for (const given of others) {
    const before = told.get(keyOf(given));
    if (before && isSame(before, given)) known += 1;
    else refuse(given, 'event_differs');
  }
  return { accepted: accepted.size, known, refused: refused.toSorted((one, other) => one.index - other.index) };
}

const digestOf = (id: string): string => createHash('sha256').update(id).digest('hex').slice(0, 32);
const keyOf = ({ licenseId, digest }: Pick<Given, 'licenseId' | 'digest'>): string => `${licenseId} ${digest}`;

type Content = Pick<UsageEvent, 'meter' | 'quantity' | 'at'>;
const isSame = (one: Content, other: Content): boolean =>
  one.meter === other.meter && one.quantity === other.quantity && one.at === other.at;

function problemOf(
  { meter, at }: Given,
  meters: ReadonlySet<string> | undefined,
  now: Date,
  lateDays: number,
): UsageRefusal | null {
  if (!meters) return 'license_unknown';
  if (!meters.has(meter)) return 'meter_unknown';
  const aheadMs = Date.parse(at) - now.getTime();
  if (aheadMs > usageAheadSeconds * 1000) return 'in_future';
  return aheadMs < -lateDays * dayMs ? 'too_late' : null;
}

/** What each licence in reach measures: by its policy, and by what overrides it. */
async function metersOf(em: Sql, licenseIds: string[], reach: Reach): Promise<Map<string, ReadonlySet<string>>> {
  const found = await rows<{ id: string; meters: string[] }>(em)`
    select l.id, array(
      select e.key from jsonb_each(p.rules -> 'entitlements') e where e.value ? 'meter'
      union select o.name from license_overrides o where o.license_id = l.id and o.entitlement ? 'meter') as meters
    from licenses l
    join tenants t on t.id = l.tenant_id
    join license_policies p on p.name = l.policy_name and p.version = l.policy_version
    where l.id = any(${licenseIds}::uuid[]) and t.state <> 'erased' and ${withinReach(reach, sql`l.tenant_id`)}`;
  return new Map(found.map(({ id, meters }) => [id, new Set(meters)]));
}

/** Writes those that are new, and what they add to their hours, in one statement. Whoever tells the same at this moment waits for it. */
async function keep(em: Sql, events: readonly Given[], now: Date): Promise<Set<string>> {
  if (events.length === 0) return new Set();
  const kept = await rows<{ license_id: string; event: string }>(em)`
    with kept as (
      insert into license_usage_events (license_id, event, meter, quantity, occurred_at, received_at)
      select given.license_id, decode(given.event, 'hex'), given.meter, given.quantity, given.at, ${now}
      from unnest(${events.map(({ licenseId }) => licenseId)}::uuid[], ${events.map(({ digest }) => digest)}::text[],
                  ${events.map(({ meter }) => meter)}::text[], ${events.map(({ quantity }) => quantity)}::bigint[],
                  ${events.map(({ at }) => at)}::timestamptz[]) as given (license_id, event, meter, quantity, at)
      order by 1, 2
      on conflict do nothing returning license_id, event, meter, quantity, occurred_at),
    added as (
      insert into license_usage_deltas (license_id, meter, hour, quantity, events)
      select license_id, meter, date_trunc('hour', occurred_at, 'UTC'), sum(quantity), count(*) from kept group by 1, 2, 3)
    select license_id, encode(event, 'hex') as event from kept`;
  return new Set(kept.map(({ license_id: licenseId, event }) => keyOf({ licenseId, digest: event })));
}

async function toldBefore(em: Sql, events: readonly Given[]): Promise<Map<string, Content>> {
  if (events.length === 0) return new Map();
  const found = await rows<{ license_id: string; event: string; meter: string; quantity: string; at: string }>(em)`
    select license_id, encode(event, 'hex') as event, meter, quantity, occurred_at as at from license_usage_events
    where (license_id, event) in (
      select license_id, decode(event, 'hex')
      from unnest(${events.map(({ licenseId }) => licenseId)}::uuid[], ${events.map(({ digest }) => digest)}::text[]) as given (license_id, event))`;
  return new Map(
    found.map(({ license_id: licenseId, event, meter, quantity, at }) => [
      keyOf({ licenseId, digest: event }),
      { meter, quantity: Number(quantity), at: new Date(at).toISOString() },
    ]),
  );
}
