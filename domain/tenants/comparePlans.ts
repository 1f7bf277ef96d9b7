import { isDeepStrictEqual } from 'node:util';
import { DomainError, type FieldError } from '#contracts/errors.ts';
import type { TenantToCreate } from '#contracts/tenants.ts';
import type { ShownPlan } from './showPlan.ts';
import type { StoredPlan } from './tenantPlans.ts';

/** What moved between two looks at the same plan, field by field. */
export function comparePlans(before: ShownPlan, now: ShownPlan): FieldError[] {
  const moved: FieldError[] = [];
  if (before.slugIsFree !== now.slugIsFree)
    moved.push({ path: 'slug', message: now.slugIsFree ? 'is free now' : 'is taken now' });
  const [was, is] = [before.blueprint, now.blueprint].map(({ name, version }) => `${name} v${version}`);
  if (was !== is) moved.push({ path: 'blueprint', message: `is ${is} now; it was ${was}` });

  const steps = new Map(before.steps.map((step) => [step.key, step]));
  for (const step of now.steps) {
    const shown = steps.get(step.key);
    steps.delete(step.key);
    if (step.provider === 'address' || isDeepStrictEqual(step, shown)) continue;
    const path = `steps.${step.key}`;
    if (!shown) moved.push({ path, message: `is new: ${step.title}` });
    else if (shown.action !== step.action || shown.reason !== step.reason)
      moved.push({ path, message: `${step.action} now: ${step.reason} It was ${shown.action}: ${shown.reason}` });
    else moved.push({ path, message: `is "${step.title}" now; it was "${shown.title}"` });
  }
  for (const { key, title } of steps.values()) moved.push({ path: `steps.${key}`, message: `is gone: ${title}` });
  return moved;
}

/** What is said besides a plan must be what was planned. Refuses with `plan_differs`. */
export function refuseOtherInputs(given: TenantToCreate, { wanted, shown }: StoredPlan): void {
  const planned: TenantToCreate = { ...wanted, slug: shown.slug, plan: shown.plan, region: shown.region };
  const { planId: _plan, ...besides } = given;
  const fields = (Object.keys(besides) as (keyof typeof besides)[])
    .filter((name) => besides[name] !== undefined && !isDeepStrictEqual(besides[name], planned[name]))
    .map((path) => ({ path, message: 'is not what was planned' }));
  if (fields.length > 0)
    throw new DomainError(
      'plan_differs',
      'The plan was made for something else. Leave the fields out, or plan again.',
      {
        fields,
      },
    );
}
