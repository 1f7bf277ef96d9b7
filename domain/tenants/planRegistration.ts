import { v7 as newId } from 'uuid';
import type { NewTenant, TenantPlan } from '#contracts/tenants.ts';
import { deriveSlug } from '#contracts/slugs.ts';
import { Blueprint, type BlueprintStep } from '../blueprints.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import { addressIsFree, freeSlugsLike } from './addresses.ts';
import { defaultPlan, defaultRegion, externalIdTaken, planOf, refuseUnknownRegion } from './registerTenant.ts';

const suggestionCount = 3;

export interface PlannedRegistration extends Omit<TenantPlan, 'steps'> {
  /** Of a tenant that does not exist: whoever is asked what it would do derives its names from it. */
  tenantId: string;
  region: string;
  steps: BlueprintStep[];
}

/**
 * What `registerTenant` would do, without doing it; an address that is taken is told, not refused.
 * Refuses with `external_id_taken`, `plan_unknown`, `region_unknown`.
 */
export async function planRegistration(em: Sql, wanted: NewTenant): Promise<PlannedRegistration> {
  const plan = await planOf(em, wanted.plan ?? defaultPlan);
  const blueprint = await em.findOneOrFail(Blueprint, { name: plan.blueprintName, version: plan.blueprintVersion });
  const region = wanted.region ?? defaultRegion;
  await refuseUnknownRegion(em, region);
  if (wanted.externalId !== undefined) {
    const taken = await rows(em)`
      select 1 from tenants where external_id = ${wanted.externalId} and state not in ('erased', 'rolled_back')`;
    if (taken.length > 0) throw externalIdTaken();
  }
  return {
    tenantId: newId(),
    region,
    ...(await planAddress(em, wanted)),
    plan: plan.name,
    blueprint: { name: blueprint.name, version: blueprint.version },
    steps: blueprint.steps,
  };
}

async function planAddress(
  em: Sql,
  { slug, name }: NewTenant,
): Promise<Pick<TenantPlan, 'slug' | 'slugIsFree' | 'suggestions'>> {
  const base = slug ?? deriveSlug(name);
  if (await addressIsFree(em, base)) return { slug: base, slugIsFree: true, suggestions: [] };
  const suggestions = await freeSlugsLike(em, base, suggestionCount);
  if (slug !== undefined) return { slug, slugIsFree: false, suggestions };
  return { slug: suggestions[0] ?? base, slugIsFree: true, suggestions };
}
