import { DomainError } from '#contracts/errors.ts';
import type { OnboardingItem } from '#contracts/onboarding/items.ts';
import type { Sql } from '../database.ts';
import { kindOf } from '../events/actor.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';

/** The workflow to wake after the commit; it would look by itself, a little later. */
export interface Settled {
  runId: string;
  workflowId: string;
}

/** Takes the tenant's open onboarding for this transaction; null when there is none. */
export async function lockOpenOnboarding(em: Sql, tenantId: string): Promise<{ runId: string } | null> {
  const [found] = await rows<{ runId: string }>(em)`
    select run_id as "runId" from onboardings where tenant_id = ${tenantId} and state = 'open' for update`;
  return found ?? null;
}

/** Writes that the workflow has something to look at; the reconciler wakes it when nobody else does. */
export async function noteChanged(em: Sql, runId: string): Promise<Settled> {
  const [run] = await rows<{ workflow_id: string }>(em)`
    update onboardings o set changed_at = now() from runs r where o.run_id = ${runId} and r.id = o.run_id
    returning r.workflow_id`;
  return { runId, workflowId: run?.workflow_id ?? '' };
}

/**
 * Settles an item that is still open, of the tenant's open onboarding.
 *
 * @param reason why it is skipped; null when it is done
 * @returns null when there was nothing to settle
 */
export async function settleItem(
  em: Sql,
  { tenantId, item, reason }: { tenantId: string; item: OnboardingItem; reason: string | null },
  actor: Actor,
): Promise<Settled | null> {
  const open = await lockOpenOnboarding(em, tenantId);
  if (!open) return null;
  const state = reason === null ? 'done' : 'skipped';
  const settled = await rows(em)`
    update onboarding_items set state = ${state}, settled_at = now(), actor_kind = ${kindOf(actor)}, actor_id = ${actor.userId},
      reason = ${reason}
    where run_id = ${open.runId} and item = ${item} and state = 'open' returning 1`;
  if (settled.length === 0) return null;
  await appendEvent(
    em,
    { stream: `onboarding:${open.runId}`, type: `onboarding.item_${state}`, tenantId, data: { item } },
    actor,
  );
  return noteChanged(em, open.runId);
}

/** Why there is no open onboarding: it is over, or there never was one (`not_found`). */
export async function whyNone(em: Sql, tenantId: string): Promise<DomainError> {
  const known = await rows(em)`select 1 from onboardings where tenant_id = ${tenantId} limit 1`;
  return known.length > 0
    ? new DomainError('onboarding_over', 'This tenant is not being onboarded any more.')
    : new DomainError('not_found', 'This tenant was never onboarded.');
}
