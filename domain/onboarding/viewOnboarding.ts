import { sql } from 'kysely';
import { DomainError } from '#contracts/errors.ts';
import {
  completedByHand,
  onboardingItemTitles,
  skippedByPlatformOnly,
  type DomainFinding,
  type ItemState,
  type OnboardingItem,
  type OnboardingState,
} from '#contracts/onboarding/items.ts';
import { challengeNameOf, challengeValueOf } from '#contracts/onboarding/mailDomains.ts';
import type {
  MailDomainView,
  Onboarding,
  OnboardingItemView,
  OnboardingLine,
  OnboardingPage,
  OnboardingQuery,
} from '#contracts/onboarding/onboarding.ts';
import type { Reach } from '../access/grants.ts';
import { withinReach } from '../access/withinReach.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import type { Sql } from '../database.ts';
import { isoOf } from '../isoOf.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { rows } from '../sql.ts';
import { findBillingContact } from './tenantsPart.ts';

const dayMs = 86_400_000;

/** Who looks: somebody of the platform or of the tenant, and whether they may do something about it. */
export interface Looking {
  as: 'platform' | 'tenant';
  may: boolean;
}

interface Row {
  run_id: string;
  tenant_id: string;
  state: OnboardingState;
  reminder_days: number[];
  escalate_after_days: number | null;
  began_ms: string | null;
  paused_ms: string | null;
  paused_total_ms: string;
  rung: number;
  escalated_ms: string | null;
  started_at: string;
  finished_at: string | null;
  sent: number;
  last_ms: string | null;
  done: number;
  skipped: number;
  total: number;
}

/** With what is counted of it. */
const counted = sql`
  o.*, r.sent, r.last_ms, i.done, i.skipped, i.total
  from onboardings o
  cross join lateral (select count(mail_id)::int as sent, max(at_ms) as last_ms from onboarding_reminders where run_id = o.run_id) r
  cross join lateral (
    select count(*) filter (where state = 'done')::int as done, count(*) filter (where state = 'skipped')::int as skipped,
           count(*)::int as total
    from onboarding_items where run_id = o.run_id) i`;

const timeOf = (ms: string | number | null): string | null => (ms === null ? null : isoOf(new Date(Number(ms))));

function viewRow(row: Row): Omit<OnboardingLine, 'tenant' | 'waitsFor'> {
  const isCounting = row.state === 'open' && row.paused_ms === null;
  const zeroMs = Number(row.began_ms ?? Date.parse(row.started_at)) + Number(row.paused_total_ms);
  const days = row.reminder_days[row.rung];
  return {
    tenantId: row.tenant_id,
    runId: row.run_id,
    state: row.state,
    startedAt: isoOf(row.started_at),
    pausedAt: row.state === 'open' ? timeOf(row.paused_ms) : null,
    finishedAt: row.finished_at && isoOf(row.finished_at),
    progress: { done: row.done, skipped: row.skipped, total: row.total },
    reminders: {
      sent: row.sent,
      lastAt: row.sent > 0 ? timeOf(row.last_ms) : null,
      nextAt: isCounting && days !== undefined ? timeOf(zeroMs + days * dayMs) : null,
    },
    escalatesAt:
      isCounting && row.escalate_after_days !== null && row.escalated_ms === null
        ? timeOf(zeroMs + row.escalate_after_days * dayMs)
        : null,
    escalatedAt: timeOf(row.escalated_ms),
  };
}

/** The newest onboarding of a tenant. Refuses with `not_found`. */
export async function viewOnboarding(
  em: Sql,
  keys: TenantKeys,
  tenantId: string,
  looking: Looking,
): Promise<Onboarding> {
  const [row] = await rows<Row>(em)`
    select ${counted} where o.tenant_id = ${tenantId} order by o.started_at desc limit 1`;
  if (!row) throw new DomainError('not_found', 'This tenant was never onboarded.');
  const isOpen = row.state === 'open';
  const [sample] = await rows<{ state: 'asked' | 'loaded' | 'unavailable' }>(em)`
    select state from tenant_samples where tenant_id = ${tenantId}`;
  return {
    ...viewRow(row),
    items: await viewItems(em, row.run_id, { ...looking, may: looking.may && isOpen }),
    mailDomain: await viewMailDomain(em, tenantId),
    billingContact: looking.may ? await findBillingContact(em, keys, tenantId) : null,
    sampleData: sample?.state ?? 'none',
  };
}

async function viewItems(em: Sql, runId: string, { as, may }: Looking): Promise<OnboardingItemView[]> {
  const found = await rows<{
    item: OnboardingItem;
    state: ItemState;
    settled_at: string | null;
    actor_kind: string | null;
    email: string | null;
    reason: string | null;
  }>(em)`
    select i.item, i.state, i.settled_at, i.actor_kind, i.reason, u.email
    from onboarding_items i left join users u on u.id = i.actor_id and u.tenant_id is null
    where i.run_id = ${runId} order by i.position`;
  return found.map(({ item, state, settled_at, actor_kind: kind, email, reason }) => ({
    item,
    title: onboardingItemTitles[item],
    state,
    doneAt: settled_at && isoOf(settled_at),
    by:
      kind === null
        ? null
        : {
            kind: kind === 'system' ? 'system' : kind === 'member' ? 'tenant' : 'platform',
            // Who works at the platform is not the tenant's business.
            email: as === 'platform' ? email : null,
          },
    reason,
    may: {
      complete: may && state === 'open' && completedByHand.includes(item),
      skip: may && state === 'open' && (as === 'platform' || !skippedByPlatformOnly.includes(item)),
    },
  }));
}

async function viewMailDomain(em: Sql, tenantId: string): Promise<MailDomainView | null> {
  const [found] = await rows<{
    domain: string;
    token: string;
    verified_at: string | null;
    asked_at: string | null;
    checked_at: string | null;
    next_check_ms: string | null;
    finding: DomainFinding | null;
  }>(em)`select * from tenant_mail_domains where tenant_id = ${tenantId}`;
  if (!found) return null;
  return {
    domain: found.domain,
    record: { name: challengeNameOf(found.domain), type: 'TXT', value: challengeValueOf(found.token) },
    state: found.verified_at ? 'verified' : found.asked_at ? 'checking' : 'waiting',
    finding: found.finding,
    checkedAt: found.checked_at && isoOf(found.checked_at),
    nextCheckAt: timeOf(found.next_check_ms),
    verifiedAt: found.verified_at && isoOf(found.verified_at),
  };
}

const overdue = sql`(o.state = 'open' and o.escalated_ms is not null)`;

/** Over all tenants in reach, newest first. */
export async function listOnboardings(em: Sql, query: OnboardingQuery, reach: Reach): Promise<OnboardingPage> {
  const { state, overdue: wanted, waitsFor, plan, search, cursor, limit } = query;
  const after = cursor ? readCursor(cursor, 'time') : null;
  const inReach = withinReach(reach, sql`o.tenant_id`);
  const like = search ? `%${search.toLowerCase().replaceAll(/[\\%_]/g, String.raw`\$&`)}%` : null;
  const found = await rows<
    Row & { name: string; slug: string | null; plan: string; waits_for: OnboardingItem[]; cursor_at: string }
  >(em)`
    select t.name, a.slug, t.plan, o.started_at::text as cursor_at,
      array(select item from onboarding_items w where w.run_id = o.run_id and w.state = 'open' order by position) as waits_for,
      ${counted}
    join tenants t on t.id = o.tenant_id
    left join tenant_addresses a on a.tenant_id = t.id and a.state = 'current'
    where ${inReach}
      and (${state ?? null}::text is null or o.state = ${state ?? null})
      and (${wanted ?? null}::boolean is null or ${overdue} = ${wanted ?? null}::boolean)
      and (${plan ?? null}::text is null or t.plan = ${plan ?? null})
      and (${like}::text is null or lower(t.name) like ${like} or a.slug like ${like})
      and (${waitsFor ?? null}::text is null or (o.state = 'open' and exists (
        select 1 from onboarding_items w where w.run_id = o.run_id and w.item = ${waitsFor ?? null} and w.state = 'open')))
      and ${after ? sql`(o.started_at, o.run_id) < (${after.value}::timestamptz, ${after.id}::uuid)` : sql`true`}
    order by o.started_at desc, o.run_id desc limit ${limit + 1}`;
  const items = found.slice(0, limit).map(({ name, slug, plan, waits_for: waitsFor, ...row }) => ({
    ...viewRow(row),
    tenant: { name, slug, plan },
    waitsFor: row.state === 'open' ? waitsFor : [],
  }));
  const [counts] = await rows<OnboardingPage['counts']>(em)`
    select count(*)::int as open, count(*) filter (where ${overdue})::int as overdue,
      count(*) filter (where paused_ms is not null)::int as paused
    from onboardings o where o.state = 'open' and ${inReach}`;
  const last = found[limit - 1];
  return {
    items,
    nextCursor: last && found.length > limit ? writeCursor(last.cursor_at, last.run_id) : null,
    counts: counts ?? { open: 0, overdue: 0, paused: 0 },
  };
}
