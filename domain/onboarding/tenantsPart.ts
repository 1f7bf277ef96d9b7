import { DomainError } from '#contracts/errors.ts';
import { completedByHand, skippedByPlatformOnly, type OnboardingItem } from '#contracts/onboarding/items.ts';
import type { BillingContact } from '#contracts/onboarding/onboarding.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { json, rows } from '../sql.ts';
import { noteOnboarding } from './noteOnboarding.ts';
import { lockOpenOnboarding, noteChanged, settleItem, whyNone, type Settled } from './settleItem.ts';

const contextOf = 'billing-contact';

/** Why an item could not be settled: there is none, or it is settled. */
async function refuseSettled(em: Sql, tenantId: string, item: OnboardingItem): Promise<never> {
  const [found] = await rows<{ state: string }>(em)`
    select i.state from onboardings o join onboarding_items i on i.run_id = o.run_id
    where o.tenant_id = ${tenantId} and o.state = 'open' and i.item = ${item}`;
  if (!found) throw await whyNone(em, tenantId);
  throw new DomainError('item_settled', `It is ${found.state} already.`);
}

/** Somebody says that it is done, where nothing else can tell. Refuses with `item_not_by_hand`, `onboarding_over`, `item_settled`. */
export async function completeItem(em: Sql, tenantId: string, item: OnboardingItem, actor: Actor): Promise<Settled> {
  if (!completedByHand.includes(item))
    throw new DomainError('item_not_by_hand', 'This completes itself by what is done; skip it if it does not apply.');
  return (await settleItem(em, { tenantId, item, reason: null }, actor)) ?? refuseSettled(em, tenantId, item);
}

/**
 * It does not apply, and who says so and why is kept. Refuses with `item_not_skippable` what only the platform may pass over,
 * `onboarding_over`, `item_settled`.
 */
export async function skipItem(
  em: Sql,
  { tenantId, item, reason, by }: { tenantId: string; item: OnboardingItem; reason: string; by: 'platform' | 'tenant' },
  actor: Actor,
): Promise<Settled> {
  if (by === 'tenant' && skippedByPlatformOnly.includes(item))
    throw new DomainError('item_not_skippable', 'Only the platform can pass over this.');
  return (await settleItem(em, { tenantId, item, reason }, actor)) ?? refuseSettled(em, tenantId, item);
}

/** Kept under the tenant's key, whether or not it is being onboarded. */
export async function setBillingContact(
  em: Sql,
  keys: TenantKeys,
  tenantId: string,
  contact: BillingContact,
  actor: Actor,
): Promise<Settled | null> {
  const [held] = await rows(em)`select 1 from tenants where id = ${tenantId} for no key update`;
  if (!held) throw new DomainError('not_found', 'There is no such tenant.');
  const sealed = await keys.sealFor(tenantId, json(contact), contextOf);
  await rows(em)`
    insert into tenant_contacts (tenant_id, kind, sealed) values (${tenantId}, 'billing', ${sealed})
    on conflict (tenant_id, kind) do update set sealed = excluded.sealed, updated_at = now()`;
  await appendEvent(em, { stream: `tenant:${tenantId}`, type: 'tenant.billing_contact_set', tenantId }, actor);
  return noteOnboarding(em, tenantId, 'billing_contact', actor);
}

export async function findBillingContact(em: Sql, keys: TenantKeys, tenantId: string): Promise<BillingContact | null> {
  const [found] = await rows<{ sealed: Buffer }>(em)`
    select sealed from tenant_contacts where tenant_id = ${tenantId} and kind = 'billing'`;
  if (!found || !(await keys.find(tenantId))) return null;
  return JSON.parse(await keys.unsealFor(tenantId, found.sealed, contextOf)) as BillingContact;
}

/** Has sample rows loaded by a worker. Refuses with `onboarding_over`, `item_settled` when they were. */
export async function askForSampleData(em: Sql, tenantId: string): Promise<Settled> {
  const open = await lockOpenOnboarding(em, tenantId);
  if (!open) throw await whyNone(em, tenantId);
  const asked = await rows(em)`
    insert into tenant_samples as s (tenant_id, state) values (${tenantId}, 'asked')
    on conflict (tenant_id) do update set state = 'asked', asked_at = now() where s.state <> 'loaded' returning 1`;
  if (asked.length === 0) throw new DomainError('item_settled', 'Sample data was loaded already.');
  return noteChanged(em, open.runId);
}

/** What came of it; `unavailable` where there is none, or it does not fit this tenant's tables. */
export async function recordSample(
  em: Sql,
  tenantId: string,
  state: 'loaded' | 'unavailable',
  actor: Actor,
): Promise<void> {
  await lockOpenOnboarding(em, tenantId);
  const recorded = await rows(em)`
    update tenant_samples set state = ${state}, loaded_at = case when ${state} = 'loaded' then now() end
    where tenant_id = ${tenantId} and state = 'asked' returning 1`;
  if (recorded.length > 0 && state === 'loaded') await noteOnboarding(em, tenantId, 'sample_data', actor);
}
