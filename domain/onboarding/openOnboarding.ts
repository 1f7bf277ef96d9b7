import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import { onboardingItemTitles, type OnboardingItem } from '#contracts/onboarding/items.ts';
import type { Sql } from '../database.ts';
import { appendEvent, theSystem, type Actor } from '../events/appendEvent.ts';
import { addSteps, openRun, type NewStep } from '../runs/openRun.ts';
import { rows } from '../sql.ts';
import { onboardingOfPlan } from './plans.ts';
import { whatHolds } from './whatHolds.ts';

/** Each item is a step of the run, so that the ledger tells what is waited for. */
export const stepsOf = (items: readonly OnboardingItem[]): NewStep[] => [
  ...items.map((item) => ({
    title: onboardingItemTitles[item],
    kind: 'fixed' as const,
    provider: 'onboarding',
    key: item,
    act: `onboarding.${item}`,
    undo: null,
  })),
  { title: 'Finish the onboarding', kind: 'fixed', provider: 'onboarding', act: 'onboarding.finish', undo: null },
];

/**
 * Begins a tenant's onboarding, in the transaction of what gives reason to it. Nothing happens where the tenant is not active, its
 * plan asks for nothing, or it was onboarded, or is being onboarded, already.
 *
 * @returns the run to start, or null
 */
export async function openOnboarding(
  em: Sql,
  tenantId: string,
  actor: Actor,
  { parentRunId, again = false }: { parentRunId?: string; again?: boolean } = {},
): Promise<string | null> {
  const [tenant] = await rows<{ plan: string; state: string; known: boolean }>(em)`
    select plan, state, exists (select 1 from onboardings o where o.tenant_id = t.id and (o.state = 'open' or not ${again})) as known
    from tenants t where id = ${tenantId} for no key update`;
  if (tenant?.state !== 'active' || tenant.known) return null;
  const { items, reminderDays, escalateAfterDays } = await onboardingOfPlan(em, tenant.plan);
  if (items.length === 0) return null;

  const runId = newId();
  await openRun(
    em,
    {
      id: runId,
      kind: 'onboardTenant',
      tenantId,
      exclusive: false,
      cancellable: true,
      ...(parentRunId ? { parentRunId } : {}),
    },
    actor,
  );
  await addSteps(em, runId, stepsOf(items));
  await rows(em)`
    insert into onboardings (run_id, tenant_id, reminder_days, escalate_after_days)
    values (${runId}, ${tenantId}, ${reminderDays}::int[], ${escalateAfterDays}::int)`;
  await rows(em)`
    insert into onboarding_items (run_id, item, position, state, settled_at, actor_kind)
    select ${runId}::uuid, item, position, case when holds then 'done' else 'open' end, case when holds then now() end,
           case when holds then 'system' end
    from (select item, position, item = any(${await whatHolds(em, tenantId)}::text[]) as holds
          from unnest(${items}::text[]) with ordinality as chosen (item, position)) as items`;
  await appendEvent(
    em,
    { stream: `onboarding:${runId}`, type: 'onboarding.started', tenantId, data: { plan: tenant.plan, items } },
    actor,
  );
  return runId;
}

/** Begins it because somebody asks for it. Refuses with `not_found`, `tenant_not_active`, `run_in_progress`, `onboarding_over`. */
export async function startOnboarding(em: Sql, tenantId: string, actor: Actor): Promise<string> {
  const runId = await openOnboarding(em, tenantId, actor, { again: true });
  if (runId) return runId;
  const [tenant] = await rows<{ state: string; open: string | null }>(em)`
    select state, (select run_id from onboardings where tenant_id = t.id and state = 'open') as open
    from tenants t where id = ${tenantId}`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  if (tenant.state !== 'active') throw new DomainError('tenant_not_active', `The tenant is ${tenant.state}.`);
  if (tenant.open)
    throw new DomainError('run_in_progress', 'The tenant is being onboarded.', { extra: { runId: tenant.open } });
  throw new DomainError('onboarding_over', 'The plan of this tenant asks for nothing.');
}

/**
 * Goes on with an onboarding whose workflow was ended by hand: another run takes its rows over, with all that was settled and how
 * often it was reminded.
 *
 * @returns the run to start, or null when it was over
 */
export async function reopenOnboarding(em: Sql, runId: string): Promise<string | null> {
  const [open] = await rows<{ tenant_id: string; items: OnboardingItem[] }>(em)`
    select tenant_id, array(select item from onboarding_items i where i.run_id = o.run_id order by position) as items
    from onboardings o where run_id = ${runId} and state = 'open' for update`;
  if (!open) return null;
  const next = newId();
  const { tenant_id: tenantId, items } = open;
  await openRun(
    em,
    { id: next, kind: 'onboardTenant', tenantId, exclusive: false, cancellable: true, parentRunId: runId },
    theSystem,
  );
  await addSteps(em, next, stepsOf(items));
  await rows(em)`update onboardings set run_id = ${next}, changed_at = now() where run_id = ${runId}`;
  return next;
}
