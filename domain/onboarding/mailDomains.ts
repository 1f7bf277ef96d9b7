import { randomBytes } from 'node:crypto';
import { DomainError } from '#contracts/errors.ts';
import type { DomainFinding } from '#contracts/onboarding/items.ts';
import { challengeNameOf, challengeValueOf } from '#contracts/onboarding/mailDomains.ts';
import type { Sql } from '../database.ts';
import { appendEvent, theSystem, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { lockOpenOnboarding, noteChanged, settleItem, whyNone, type Settled } from './settleItem.ts';

const minuteMs = 60_000;
/** After each look that did not find it: whoever publishes a record looks again soon; who forgot it is not asked about all night. */
const pausesMs = [1, 2, 5, 10, 20, 30, 60, 120, 240].map((minutes) => minutes * minuteMs);
const longestPauseMs = 6 * 60 * minuteMs;

/** What is to be looked for. */
export interface Challenge {
  domain: string;
  name: string;
  value: string;
}

/**
 * Names the domain of a tenant's mail addresses; another one than before gets another record to publish. Refuses with
 * `onboarding_over`, `mail_domain_verified`.
 */
export async function chooseMailDomain(em: Sql, tenantId: string, domain: string, actor: Actor): Promise<Settled> {
  const open = await takeOpen(em, tenantId);
  const token = randomBytes(18).toString('base64url');
  const chosen = await rows<{ is_new: boolean }>(em)`
    insert into tenant_mail_domains as d (tenant_id, domain, token, asked_at) values (${tenantId}, ${domain}, ${token}, now())
    on conflict (tenant_id) do update set asked_at = now(),
      token = case when d.domain = excluded.domain then d.token else excluded.token end,
      checks = case when d.domain = excluded.domain then d.checks else 0 end,
      finding = case when d.domain = excluded.domain then d.finding end,
      domain = excluded.domain
    where d.verified_at is null returning d.token = ${token} as is_new`;
  const [row] = chosen;
  if (!row) throw verifiedAlready();
  if (row.is_new)
    await appendEvent(
      em,
      { stream: `onboarding:${open.runId}`, type: 'onboarding.mail_domain_chosen', tenantId, data: {} },
      actor,
    );
  return noteChanged(em, open.runId);
}

/** Has it looked for now. Refuses with `onboarding_over`, `mail_domain_missing`, `mail_domain_verified`. */
export async function askForCheck(em: Sql, tenantId: string): Promise<Settled> {
  const open = await takeOpen(em, tenantId);
  const [asked] = await rows<{ verified_at: string | null }>(em)`
    update tenant_mail_domains set asked_at = case when verified_at is null then now() end
    where tenant_id = ${tenantId} returning verified_at`;
  if (!asked) throw new DomainError('mail_domain_missing', 'Name the domain of your mail addresses first.');
  if (asked.verified_at) throw verifiedAlready();
  return noteChanged(em, open.runId);
}

/** Null when there is nothing to look for. */
export async function findChallenge(em: Sql, tenantId: string): Promise<Challenge | null> {
  const [found] = await rows<{ domain: string; token: string }>(em)`
    select domain, token from tenant_mail_domains where tenant_id = ${tenantId} and verified_at is null`;
  return found
    ? { domain: found.domain, name: challengeNameOf(found.domain), value: challengeValueOf(found.token) }
    : null;
}

/**
 * Writes what a look found, unless another domain was named meanwhile. What is proven here belongs to one tenant: where another one has
 * proven it before, it is `taken`.
 *
 * @param nowMs the workflow's time, by which the next look is counted
 */
export async function recordFinding(
  em: Sql,
  tenantId: string,
  { challenge, found, nowMs }: { challenge: Challenge; found: DomainFinding; nowMs: number },
): Promise<DomainFinding | null> {
  await lockOpenOnboarding(em, tenantId);
  await rows(em)`select pg_advisory_xact_lock(hashtextextended(${`mail domain ${challenge.domain}`}, 0))`;
  const [other] = await rows(em)`
    select 1 from tenant_mail_domains where domain = ${challenge.domain} and verified_at is not null and tenant_id <> ${tenantId}`;
  const finding = found === 'verified' && other ? 'taken' : found;
  const [row] = await rows<{ checks: number }>(em)`
    update tenant_mail_domains set finding = ${finding}, checked_at = now(), checks = checks + 1, asked_at = null,
      verified_at = case when ${finding} = 'verified' then now() end
    where tenant_id = ${tenantId} and domain = ${challenge.domain} and verified_at is null
      and ${challenge.value} = 'tenantry-domain-verification=' || token
    returning checks`;
  if (!row) return null;
  const pauseMs = pausesMs[row.checks - 1] ?? longestPauseMs;
  const nextMs = finding === 'verified' ? null : nowMs + pauseMs;
  await rows(em)`
    update tenant_mail_domains set next_check_ms = ${nextMs}::bigint where tenant_id = ${tenantId}`;
  if (finding === 'verified') await settleItem(em, { tenantId, item: 'mail_domain', reason: null }, theSystem);
  return finding;
}

async function takeOpen(em: Sql, tenantId: string): Promise<{ runId: string }> {
  const open = await lockOpenOnboarding(em, tenantId);
  if (!open) throw await whyNone(em, tenantId);
  return open;
}

const verifiedAlready = (): DomainError =>
  new DomainError('mail_domain_verified', 'The mail domain is verified; there is nothing left to prove.');
