import type { NewPlan, PlanMove } from '#contracts/blueprints.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Plan as PlanView } from '#contracts/tenants.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { Blueprint, Plan } from './blueprintRecord.ts';

/** Refuses with `plan_taken`, `blueprint_unknown`. */
export async function createPlan(em: Sql, wanted: NewPlan, actor: Actor): Promise<PlanView> {
  const { name, title, tier, blueprint } = wanted;
  await refuseUnknownVersion(em, blueprint, 'blueprint.version');
  const written = await rows(em)`
    insert into plans (name, title, tier, blueprint_name, blueprint_version)
    values (${name}, ${title}, ${tier}, ${blueprint.name}, ${blueprint.version})
    on conflict do nothing returning name`;
  if (written.length === 0)
    throw new DomainError('plan_taken', `There is a plan "${name}" already.`, {
      fields: [{ path: 'name', message: 'is taken' }],
    });
  await appendEvent(
    em,
    { stream: `plan:${name}`, type: 'plan.created', tenantId: null, data: { name, tier, blueprint } },
    actor,
  );
  return wanted;
}

/**
 * From now on new tenants of the plan are made by another version; runs that are under way keep theirs. Refuses with `not_found`,
 * `plan_moved` when it is not where the caller believes it to be, `blueprint_unknown`.
 */
export async function movePlan(em: Sql, name: string, move: PlanMove, actor: Actor): Promise<PlanView> {
  const plan = await em.findOne(Plan, { name });
  if (!plan) throw new DomainError('not_found', `There is no plan "${name}".`);
  const [from, to] = [move.expectedVersion, move.blueprintVersion];
  await refuseUnknownVersion(em, { name: plan.blueprintName, version: to }, 'blueprintVersion');
  const moved = await rows(em)`
    update plans set blueprint_version = ${to} where name = ${name} and blueprint_version = ${from} returning name`;
  if (moved.length === 0)
    throw new DomainError('plan_moved', `The plan "${name}" is not at version ${from} of its blueprint any more.`, {
      fields: [{ path: 'expectedVersion', message: "is not the plan's version" }],
    });
  const blueprint = { name: plan.blueprintName, version: to };
  await appendEvent(
    em,
    { stream: `plan:${name}`, type: 'plan.moved', tenantId: null, data: { name, blueprint: blueprint.name, from, to } },
    actor,
  );
  return { name, title: plan.title, tier: plan.tier, blueprint };
}

async function refuseUnknownVersion(
  em: Sql,
  { name, version }: { name: string; version: number },
  path: string,
): Promise<void> {
  if (await em.findOne(Blueprint, { name, version })) return;
  throw new DomainError('blueprint_unknown', `There is no version ${version} of a blueprint "${name}".`, {
    fields: [{ path, message: 'is unknown' }],
  });
}
