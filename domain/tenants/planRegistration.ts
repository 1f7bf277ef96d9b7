import { v7 as newId } from 'uuid';
import type { BlueprintStep } from '#contracts/blueprints.ts';
import type { NewTenant, TenantPlan } from '#contracts/tenants.ts';
import { deriveSlug } from '#contracts/slugs.ts';
import { chooseIds } from '../blueprints/planSteps.ts';
import { findVersion, stepsOf } from '../blueprints/viewBlueprints.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import { addressIsFree, freeSlugsLike } from './addresses.ts';
import {
  defaultPlan,
  defaultRegion,
  externalIdTaken,
  planOf,
  refuseUnknownRegion,
  refuseUnlicensed,
  type Chosen,
} from './registerTenant.ts';

const suggestionCount = 3;

type Address = Pick<TenantPlan, 'slug' | 'slugIsFree' | 'suggestions'>;

/** Of a tenant that does not exist: whoever is asked what it would do derives its names from the ids. */
export interface PlannedRegistration extends Chosen, Address {
  plan: string;
  region: string;
  steps: BlueprintStep[];
}

/**
 * What `registerTenant` would do, without doing it; an address that is taken is told, not refused.
 * Refuses with `external_id_taken`, `plan_unknown`, `region_unknown`, `license_policy_missing`.
 *
 * @param before ids that were chosen before are kept
 */
export async function planRegistration(
  em: Sql,
  wanted: NewTenant,
  before: Pick<Chosen, 'tenantId' | 'resourceIds'> | null = null,
): Promise<PlannedRegistration> {
  const plan = await planOf(em, wanted.plan ?? defaultPlan);
  const steps = stepsOf(await findVersion(em, plan.blueprintName, plan.blueprintVersion));
  refuseUnlicensed(plan, steps);
  const region = wanted.region ?? defaultRegion;
  await refuseUnknownRegion(em, region);
  if (wanted.externalId !== undefined) {
    const taken = await rows(em)`
      select 1 from tenants where external_id = ${wanted.externalId} and state not in ('erased', 'rolled_back')`;
    if (taken.length > 0) throw externalIdTaken();
  }
  return {
    tenantId: before?.tenantId ?? newId(),
    resourceIds: chooseIds(steps, before?.resourceIds),
    region,
    ...(await planAddress(em, wanted)),
    plan: plan.name,
    blueprint: { name: plan.blueprintName, version: plan.blueprintVersion },
    steps,
  };
}

async function planAddress(em: Sql, { slug, name }: NewTenant): Promise<Address> {
  const base = slug ?? deriveSlug(name);
  if (await addressIsFree(em, base)) return { slug: base, slugIsFree: true, suggestions: [] };
  const suggestions = await freeSlugsLike(em, base, suggestionCount);
  if (slug !== undefined) return { slug, slugIsFree: false, suggestions };
  return { slug: suggestions[0] ?? base, slugIsFree: true, suggestions };
}
