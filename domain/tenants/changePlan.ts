import { DomainError } from '#contracts/errors.ts';
import type { TenantPlanChange, TenantState } from '#contracts/tenants.ts';
import { bumpAccessEpoch } from '../access/epoch.ts';
import type { Plan } from '../blueprints/blueprintRecord.ts';
import { findVersion, stepsOf } from '../blueprints/viewBlueprints.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import type { Installation } from '../installation.ts';
import { reissueLicense } from '../licenses/changing/reissueLicense.ts';
import { viewPlanLicensing } from '../licenses/policies/planLicensing.ts';
import { findPolicyRules } from '../licenses/policies/policyVersions.ts';
import { isInForce, lockLicenseOfResource } from '../licenses/provisioning/licenseOfResource.ts';
import { titleOfKind } from '../resources/resourceTitles.ts';
import { holdTenant } from '../runs/exclusivity.ts';
import { rows } from '../sql.ts';
import { planOf } from './registerTenant.ts';

/**
 * Gives a tenant another plan, and its licence the policy of that plan, in one transaction: nothing outside the registry is touched, so
 * there is nothing that could be done by half. The licence keeps its dates; it is signed anew. Roles that were given for a plan follow. Refuses with
 * `not_found`, `tenant_erased`, `tenant_not_active`, `run_in_progress`, `plan_unknown`, `plan_moved` when the tenant has another plan than
 * the caller believes, `plan_not_reachable` where the other plan's tenants have other resources, or licences for another product.
 *
 * @returns the epoch to announce: who may do what follows the plan
 */
export async function changeTenantPlan(
  em: Sql,
  installation: Installation,
  tenantId: string,
  { plan: wanted, expected, revokeOlder, now }: TenantPlanChange & { now: Date },
  actor: Actor,
): Promise<{ epoch: number }> {
  const from = await lockPlanOf(em, tenantId);
  await holdTenant(em, tenantId);
  if (from !== expected)
    throw new DomainError('plan_moved', `The tenant has the plan "${from}" meanwhile.`, {
      fields: [{ path: 'expected', message: "is not the tenant's plan" }],
    });
  const plan = await planOf(em, wanted);
  if (plan.name === from)
    throw new DomainError('invalid_request', 'Some of what was sent is not valid.', {
      fields: [{ path: 'plan', message: 'is the one that it has' }],
    });
  await refuseOtherResources(em, tenantId, plan);
  await rows(em)`
    update tenants set plan = ${plan.name}, version = version + 1, updated_at = now() where id = ${tenantId}`;
  await changeLicense(em, installation, { tenantId, plan: plan.name, revokeOlder, now }, actor);
  await appendEvent(
    em,
    { stream: `tenant:${tenantId}`, type: 'tenant.plan_changed', tenantId, data: { from, to: plan.name } },
    actor,
  );
  return { epoch: await bumpAccessEpoch(em) };
}

async function lockPlanOf(em: Sql, tenantId: string): Promise<string> {
  const [tenant] = await rows<{ plan: string; state: TenantState }>(em)`
    select plan, state from tenants where id = ${tenantId} for update`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  if (tenant.state === 'erased' || tenant.state === 'rolled_back')
    throw new DomainError('tenant_erased', 'Nothing is left of this tenant.');
  if (tenant.state !== 'active' && tenant.state !== 'suspended')
    throw new DomainError('tenant_not_active', 'The plan of a tenant that is active or suspended can be changed.');
  return tenant.plan;
}

/** What a tenant owns is neither made nor removed by this. */
async function refuseOtherResources(em: Sql, tenantId: string, plan: Plan): Promise<void> {
  const owned = await rows<{ provider: string }>(em)`
    select provider from resources where tenant_id = ${tenantId} and state = 'present'`;
  const has = new Set(owned.map(({ provider }) => provider));
  const steps = stepsOf(await findVersion(em, plan.blueprintName, plan.blueprintVersion));
  const needs = new Set(steps.flatMap((step) => (step.kind === 'resource' ? [step.provider] : [])));
  const told = [
    ...[...needs].filter((kind) => !has.has(kind)).map((kind) => `a ${titleOfKind(kind)} that it does not have`),
    ...[...has].filter((kind) => !needs.has(kind)).map((kind) => `no ${titleOfKind(kind)}, which it has`),
  ];
  if (told.length > 0) throw notReachable(`Tenants of "${plan.name}" have ${told.join(', and ')}.`);
}

async function changeLicense(
  em: Sql,
  installation: Installation,
  { tenantId, plan, revokeOlder, now }: { tenantId: string; plan: string; revokeOlder: boolean; now: Date },
  actor: Actor,
): Promise<void> {
  const [resource] = await rows<{ id: string }>(em)`
    select id from resources where tenant_id = ${tenantId} and provider = 'license' and state = 'present'`;
  const licence = resource && (await lockLicenseOfResource(em, resource.id));
  // One that a person revoked or gave away is not given back by another plan.
  if (!licence || !isInForce(licence)) return;
  const { policy } = await viewPlanLicensing(em, plan);
  if (!policy) throw notReachable(`The plan "${plan}" points at no licence policy.`);
  const { product } = await findPolicyRules(em, policy);
  if (product !== licence.product)
    throw notReachable(`Licences of "${plan}" are for "${product}", and the tenant's is for "${licence.product}".`);
  await reissueLicense(em, installation, { id: licence.id, wanted: { policy, revokeOlder }, now, plan }, actor);
}

const notReachable = (why: string): DomainError =>
  new DomainError('plan_not_reachable', why, { fields: [{ path: 'plan', message: 'cannot be reached by a change' }] });
