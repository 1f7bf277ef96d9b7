import { sql, type RawBuilder } from 'kysely';
import type { DueKind } from '#contracts/licenses/dues.ts';
import type { LicensePolicyRules } from '#contracts/licenses/policies.ts';
import type { TenantState } from '#contracts/tenants.ts';
import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';
import type { LicenseRow } from '../licenseRow.ts';

/** What one drain takes; each has an index of its own with this condition, so it stands there as text. */
export type Drain = 'reminders' | 'ends' | 'overrides' | 'renewals';
export const drains: readonly Drain[] = ['reminders', 'ends', 'overrides', 'renewals'];

export const isOf: Record<Drain, RawBuilder<boolean>> = {
  reminders: sql`d.kind = 'reminder'`,
  ends: sql`d.kind in ('expiry', 'grace_end')`,
  overrides: sql`d.kind = 'override_end'`,
  renewals: sql`d.kind = 'renewal'`,
};

const retrySeconds = 300;

/**
 * That something ended is told before what comes after it: all that ended by `now`, or an older reminder would go out while the newest one,
 * which overtakes it, still waits for the end of the grace to be told.
 */
const endIsTold = (now: Date) => sql`(d.days <= 0 or not exists (
  select 1 from license_dues e
  where e.license_id = d.license_id and e.state = 'open' and e.kind in ('expiry', 'grace_end') and e.due_at <= ${now}))`;

export interface DueRow {
  license_id: string;
  kind: DueKind;
  days: number;
  due_at: string;
  ends_at: string;
  /** Not before then, since it could not be done; null: it was not tried yet. */
  retry_at: string | null;
}

/** A licence with what becomes due of it, held by the drain that looks at it. */
export interface DueLicense extends Pick<
  LicenseRow,
  'id' | 'tenant_id' | 'product' | 'state' | 'expires_at' | 'over_at'
> {
  tenant_state: TenantState;
  tenant_name: string;
  admin_sealed: Buffer | null;
  slug: string | null;
  on_expiry: LicensePolicyRules['onExpiry'];
  while_suspended: LicensePolicyRules['whileSuspended'];
  /** Nobody needs to do anything for it. */
  renews_by_itself: boolean;
  dues: DueRow[];
}

/** Whose turn it is by `now`, the oldest first, with their tenants. Nothing is held by it. */
export async function findDue(
  em: Sql,
  drain: Drain,
  now: Date,
  most: number,
): Promise<{ licenseId: string; tenantId: string }[]> {
  const found = await rows<{ license_id: string; tenant_id: string }>(em)`
    select distinct due.license_id, l.tenant_id from (
      select d.license_id from license_dues d
      where d.state = 'open' and ${isOf[drain]} and d.due_at <= ${now} and (d.retry_at is null or d.retry_at <= ${now})
        and ${drain === 'reminders' ? endIsTold(now) : sql`true`}
      order by d.due_at limit ${most}) due
    join licenses l on l.id = due.license_id`;
  return found.map(({ license_id: licenseId, tenant_id: tenantId }) => ({ licenseId, tenantId }));
}

/**
 * Holds those of the licences that nobody else holds, with what is due of them by `now`. It is read after they are held: whoever held one
 * before may have done it, or moved its end. One of which nothing is due any more is not among them.
 */
export async function holdDue(em: Sql, drain: Drain, licenseIds: readonly string[], now: Date): Promise<DueLicense[]> {
  const held = await rows<{ id: string }>(em)`
    select id from licenses where id = any(${[...licenseIds]}::uuid[]) order by id for update skip locked`;
  const ids = held.map(({ id }) => id);
  const dues = await rows<DueRow>(em)`
    select d.license_id, d.kind, d.days, d.due_at, d.ends_at, d.retry_at from license_dues d
    where d.license_id = any(${ids}::uuid[]) and d.state = 'open' and ${isOf[drain]} and d.due_at <= ${now}
      and ${drain === 'reminders' ? endIsTold(now) : sql`true`}
    order by d.due_at, d.kind`;
  const byLicense = Map.groupBy(dues, ({ license_id: id }) => id);
  const found = await rows<Omit<DueLicense, 'dues'>>(em)`
    select l.id, l.tenant_id, l.product, l.state, l.expires_at, l.over_at,
           t.state as tenant_state, t.name as tenant_name, t.admin_sealed,
           (select slug from tenant_addresses a where a.tenant_id = t.id and a.state = 'current') as slug,
           p.rules ->> 'onExpiry' as on_expiry, coalesce(p.rules ->> 'whileSuspended', 'silent') as while_suspended,
           p.rules #>> '{renewal,mode}' = 'auto' and not l.is_trial and l.cancelled_at_end_at is null as renews_by_itself
    from licenses l join tenants t on t.id = l.tenant_id
    join license_policies p on p.name = l.policy_name and p.version = l.policy_version
    where l.id = any(${[...byLicense.keys()]}::uuid[]) order by l.id`;
  return found.map((licence) => ({ ...licence, dues: byLicense.get(licence.id)! }));
}

/** Writes down what became of dues: done, or passed and why. They happen no more. */
export async function settleDues(
  em: Sql,
  settled: readonly { due: DueRow; why: string | null }[],
  now: Date,
): Promise<void> {
  const column = <Value>(of: (due: DueRow) => Value): Value[] => settled.map(({ due }) => of(due));
  await rows(em)`
    update license_dues d set state = case when s.why is null then 'done' else 'passed' end, why = s.why, settled_at = ${now}
    from unnest(${column(({ license_id: id }) => id)}::uuid[], ${column(({ kind }) => kind)}::text[], ${column(({ days }) => days)}::integer[],
                ${column(({ due_at: at }) => at)}::timestamptz[], ${settled.map(({ why }) => why)}::text[]) as s (license_id, kind, days, due_at, why)
    where d.license_id = s.license_id and d.kind = s.kind and d.days = s.days and d.due_at = s.due_at and d.state in ('open', 'held')`;
}

/** What could not be done is tried again after a while, and does not stand in the way of the others until then. */
export const postpone = (
  em: Sql,
  drain: Drain,
  licenseId: string,
  now: Date,
  seconds = retrySeconds,
): Promise<unknown> =>
  rows(em)`
    update license_dues d set retry_at = ${now}::timestamptz + make_interval(secs => ${seconds}::int)
    where d.license_id = ${licenseId} and d.state = 'open' and ${isOf[drain]} and d.due_at <= ${now}`;

/** How long after its time, in seconds, the oldest of each drain still waits; 0 where nothing is late. */
export async function lagOfDues(em: Sql): Promise<ReadonlyMap<Drain, number>> {
  const lags = await rows<{ drain: Drain; lag: string | null }>(em)`
    select drain, extract(epoch from now() - oldest) as lag from (
      select 'reminders' as drain, (select min(d.due_at) from license_dues d where d.state = 'open' and ${isOf.reminders}) as oldest
      union all select 'ends', (select min(d.due_at) from license_dues d where d.state = 'open' and ${isOf.ends})
      union all select 'overrides', (select min(d.due_at) from license_dues d where d.state = 'open' and ${isOf.overrides})
      union all select 'renewals', (select min(d.due_at) from license_dues d where d.state = 'open' and ${isOf.renewals})) due`;
  return new Map(lags.map(({ drain, lag }) => [drain, Math.max(0, Number(lag ?? 0))]));
}
