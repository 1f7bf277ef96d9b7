import { DomainError } from '#contracts/errors.ts';
import type { SignUpOffer, SignUpSettings, SignUpSettingsChange } from '#contracts/onboarding/signUps.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { isoOf } from '../isoOf.ts';
import { rows } from '../sql.ts';

/** Closed until somebody opens it. */
export async function readSettings(em: Sql): Promise<SignUpSettings> {
  const [found] = await rows<{
    is_open: boolean;
    plans: string[];
    needs_approval: boolean;
    changed_at: string | null;
  }>(em)`select * from sign_up_settings`;
  return {
    isOpen: found?.is_open ?? false,
    plans: found?.plans ?? [],
    needsApproval: found?.needs_approval ?? true,
    changedAt: found?.changed_at ? isoOf(found.changed_at) : null,
  };
}

/** Refuses with `plan_unknown`. */
export async function changeSettings(em: Sql, change: SignUpSettingsChange, actor: Actor): Promise<SignUpSettings> {
  await rows(em)`select 1 from sign_up_settings for update`;
  const before = await readSettings(em);
  const plans = [...new Set(change.plans ?? before.plans)];
  const known = await rows<{ name: string }>(em)`select name from plans where name = any(${plans}::text[])`;
  const unknown = plans.find((plan) => !known.some(({ name }) => name === plan));
  if (unknown !== undefined)
    throw new DomainError('plan_unknown', `There is no plan "${unknown}".`, {
      fields: [{ path: 'plans', message: 'names a plan that is unknown' }],
    });
  const { isOpen = before.isOpen, needsApproval = before.needsApproval } = change;
  await rows(em)`
    update sign_up_settings set is_open = ${isOpen}, plans = ${plans}::text[], needs_approval = ${needsApproval},
      changed_by = ${actor.userId}, changed_at = now()`;
  await appendEvent(
    em,
    {
      stream: 'platform:sign-ups',
      type: 'platform.sign_up_settings_changed',
      tenantId: null,
      data: { isOpen, plans, needsApproval },
    },
    actor,
  );
  return readSettings(em);
}

/** What everybody may know. */
export async function readOffer(em: Sql): Promise<SignUpOffer> {
  const { isOpen, plans, needsApproval } = await readSettings(em);
  if (!isOpen) return { isOpen, plans: [], needsApproval };
  const offered = await rows<{ name: string; title: string }>(em)`
    select name, title from plans where name = any(${plans}::text[]) order by array_position(${plans}::text[], name)`;
  return { isOpen, plans: offered, needsApproval };
}

/** The plan that is wanted, or the first that is offered. Refuses with `sign_up_closed`, `plan_unknown`. */
export async function offeredPlan(
  em: Sql,
  wanted: string | undefined,
): Promise<{ plan: string; needsApproval: boolean }> {
  const { isOpen, plans, needsApproval } = await readOffer(em);
  if (!isOpen) throw new DomainError('sign_up_closed', 'Nobody can sign up here by themselves.');
  const plan = wanted === undefined ? plans[0] : plans.find(({ name }) => name === wanted);
  if (!plan)
    throw new DomainError('plan_unknown', 'This plan is not offered here.', {
      fields: [{ path: 'plan', message: 'is unknown' }],
    });
  return { plan: plan.name, needsApproval };
}
