import { DomainError } from '#contracts/errors.ts';
import type { PlanLicensing, PlanLicensingChange, PolicyRef } from '#contracts/licenses/policies.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';

interface Row {
  license_policy_name: string | null;
  license_policy_version: number | null;
}

/** By what the new licences of a plan are issued. Refuses with `not_found`. */
export async function viewPlanLicensing(em: Sql, plan: string): Promise<PlanLicensing> {
  const [row] = await rows<Row>(em)`
    select license_policy_name, license_policy_version from plans where name = ${plan}`;
  if (!row) throw new DomainError('not_found', `There is no plan "${plan}".`);
  const { license_policy_name: name, license_policy_version: version } = row;
  return { plan, policy: name === null || version === null ? null : { name, version } };
}

/**
 * From now on new licences of the plan are issued by another version, or another policy; those that were issued keep theirs. Refuses with
 * `not_found`, `license_policy_unknown`, `plan_moved` when the plan is not where the caller believes it to be.
 */
export async function changePlanLicensing(
  em: Sql,
  plan: string,
  { policy, expected }: PlanLicensingChange,
  actor: Actor,
): Promise<PlanLicensing> {
  await viewPlanLicensing(em, plan);
  if (policy) await refuseUnknownPolicy(em, policy);
  const moved = await rows(em)`
    update plans set license_policy_name = ${policy?.name ?? null}, license_policy_version = ${policy?.version ?? null}::int
    where name = ${plan} and license_policy_name is not distinct from ${expected?.name ?? null}
      and license_policy_version is not distinct from ${expected?.version ?? null}::int
    returning name`;
  if (moved.length === 0)
    throw new DomainError('plan_moved', `The plan "${plan}" points at another licence policy meanwhile.`, {
      fields: [{ path: 'expected', message: "is not the plan's policy" }],
    });
  await appendEvent(
    em,
    { stream: `plan:${plan}`, type: 'plan.license_policy_moved', tenantId: null, data: { from: expected, to: policy } },
    actor,
  );
  return { plan, policy };
}

async function refuseUnknownPolicy(em: Sql, { name, version }: PolicyRef): Promise<void> {
  const found = await rows(em)`select 1 from license_policies where name = ${name} and version = ${version}`;
  if (found.length > 0) return;
  throw new DomainError('license_policy_unknown', `There is no version ${version} of a licence policy "${name}".`, {
    fields: [{ path: 'policy', message: 'is unknown' }],
  });
}
