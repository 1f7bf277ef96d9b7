import { DomainError } from '#contracts/errors.ts';
import type { PlanOffboarding, PlanOffboardingChange } from '#contracts/offboarding/offboarding.ts';
import type { Configuration } from '../configuration.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';

type Usual = Pick<Configuration, 'erasure'>;

/** For how long tenants of a plan can come back. Refuses with `not_found`. */
export async function viewPlanGrace(em: Sql, { erasure }: Usual, plan: string): Promise<PlanOffboarding> {
  const [row] = await rows<{ grace_days: number | null }>(em)`select grace_days from plans where name = ${plan}`;
  if (!row) throw new DomainError('not_found', `There is no plan "${plan}".`);
  return { plan, graceDays: row.grace_days, usualGraceDays: erasure.graceDays };
}

/**
 * From now on offboardings of the plan's tenants can be undone for so long; those that are under way keep theirs. Refuses with `not_found`,
 * `plan_moved` when the plan does not say what the caller believes.
 */
export async function changePlanGrace(
  em: Sql,
  configuration: Usual,
  plan: string,
  { graceDays, expected }: PlanOffboardingChange,
  actor: Actor,
): Promise<PlanOffboarding> {
  await viewPlanGrace(em, configuration, plan);
  const changed = await rows(em)`
    update plans set grace_days = ${graceDays}::int
    where name = ${plan} and grace_days is not distinct from ${expected}::int returning name`;
  if (changed.length === 0)
    throw new DomainError('plan_moved', `The plan "${plan}" says something else meanwhile.`, {
      fields: [{ path: 'expected', message: 'is not what the plan says' }],
    });
  const data = { from: expected, to: graceDays };
  await appendEvent(em, { stream: `plan:${plan}`, type: 'plan.grace_changed', tenantId: null, data }, actor);
  return viewPlanGrace(em, configuration, plan);
}
