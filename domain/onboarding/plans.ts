import { DomainError } from '#contracts/errors.ts';
import { onboardingItems, type OnboardingItem } from '#contracts/onboarding/items.ts';
import type { OnboardingPlan, OnboardingPlanChange } from '#contracts/onboarding/onboarding.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { isoOf } from '../isoOf.ts';
import { rows } from '../sql.ts';

/** For plans for which nobody has chosen: everything, four reminders in a month, and then the platform is asked to look. */
export const usualOnboarding = {
  items: [...onboardingItems],
  reminderDays: [3, 7, 14, 28],
  escalateAfterDays: 30,
} as const;

export async function listOnboardingPlans(em: Sql, only: string | null = null): Promise<OnboardingPlan[]> {
  const found = await rows<{
    name: string;
    title: string;
    items: OnboardingItem[] | null;
    reminder_days: number[];
    escalate_after_days: number | null;
    changed_at: string | null;
  }>(em)`
    select p.name, p.title, o.items, o.reminder_days, o.escalate_after_days, o.changed_at
    from plans p left join onboarding_plans o on o.plan = p.name
    where ${only}::text is null or p.name = ${only} order by p.name`;
  return found.map((row) => ({
    plan: row.name,
    title: row.title,
    items: row.items ?? [...usualOnboarding.items],
    reminderDays: row.items ? row.reminder_days : [...usualOnboarding.reminderDays],
    escalateAfterDays: row.items ? row.escalate_after_days : usualOnboarding.escalateAfterDays,
    isDefault: row.items === null,
    changedAt: row.changed_at && isoOf(row.changed_at),
  }));
}

/** Refuses with `plan_unknown`. */
export async function onboardingOfPlan(em: Sql, plan: string): Promise<OnboardingPlan> {
  const [found] = await listOnboardingPlans(em, plan);
  if (found) return found;
  throw new DomainError('plan_unknown', `There is no plan "${plan}".`);
}

/** For onboardings that begin from now on. Refuses with `not_found`. */
export async function changeOnboardingPlan(
  em: Sql,
  plan: string,
  change: OnboardingPlanChange,
  actor: Actor,
): Promise<OnboardingPlan> {
  const [held] = await rows(em)`select 1 from plans where name = ${plan} for update`;
  if (!held) throw new DomainError('not_found', `There is no plan "${plan}".`);
  const before = await onboardingOfPlan(em, plan);
  const items = change.items ?? before.items;
  const reminderDays = change.reminderDays ?? before.reminderDays;
  const escalateAfterDays =
    change.escalateAfterDays === undefined ? before.escalateAfterDays : change.escalateAfterDays;
  await rows(em)`
    insert into onboarding_plans (plan, items, reminder_days, escalate_after_days, changed_by)
    values (${plan}, ${items}::text[], ${reminderDays}::int[], ${escalateAfterDays}::int, ${actor.userId})
    on conflict (plan) do update set items = excluded.items, reminder_days = excluded.reminder_days,
      escalate_after_days = excluded.escalate_after_days, changed_by = excluded.changed_by, changed_at = now()`;
  await appendEvent(
    em,
    {
      stream: `plan:${plan}`,
      type: 'plan.onboarding_changed',
      tenantId: null,
      data: { items, reminderDays, escalateAfterDays },
    },
    actor,
  );
  return onboardingOfPlan(em, plan);
}
