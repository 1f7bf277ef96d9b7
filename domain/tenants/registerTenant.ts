import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { NewTenant } from '#contracts/tenants.ts';
import { Blueprint, Plan, type BlueprintStep } from '../blueprints.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { headingOfKind } from '../resources/resourceTitles.ts';
import { addSteps, openRun, type NewStep } from '../runs/openRun.ts';
import { sealWith, type TenantKeys } from '../secrets/tenantKeys.ts';
import { json, rows } from '../sql.ts';
import { reserveAddress } from './addresses.ts';
import { searchTextOf } from './searchText.ts';

export const defaultPlan = 'standard';
export const defaultRegion = 'default';

export interface RegisteredTenant {
  tenantId: string;
  slug: string;
  runId: string;
}

/**
 * Everything that creating a tenant writes before its workflow starts: tenant, address, key, resources, run with its steps,
 * events. Call inside a transaction; nothing outside the registry exists yet.
 *
 * Refuses with `slug_taken`, `external_id_taken`, `plan_unknown`, `region_unknown`.
 */
export async function registerTenant(
  em: Sql,
  keys: TenantKeys,
  wanted: NewTenant,
  actor: Actor,
): Promise<RegisteredTenant> {
  const plan = await planOf(em, wanted.plan ?? defaultPlan);
  const blueprint = await em.findOneOrFail(Blueprint, { name: plan.blueprintName, version: plan.blueprintVersion });
  const region = wanted.region ?? defaultRegion;
  await refuseUnknownRegion(em, region);

  const tenantId = newId();
  const runId = newId();
  const externalId = wanted.externalId ?? null;
  const searchText = searchTextOf({ name: wanted.name, externalId });
  const created = await rows(em)`
    insert into tenants (id, name, search_text, external_id, labels, plan, region, state)
    values (${tenantId}, ${wanted.name}, ${searchText}, ${externalId}, ${json(wanted.labels ?? {})}::jsonb, ${plan.name},
            ${region}, 'provisioning')
    on conflict (external_id) where external_id is not null and state not in ('erased', 'rolled_back') do nothing
    returning id`;
  if (created.length === 0) throw externalIdTaken();

  const slug = await reserveAddress(em, tenantId, { slug: wanted.slug, name: wanted.name });
  const key = await keys.create(em, tenantId);
  if (wanted.admin) {
    const admin = sealWith(key, tenantId, json(wanted.admin), 'admin');
    await rows(em)`update tenants set admin_sealed = ${admin} where id = ${tenantId}`;
  }
  await appendEvent(
    em,
    { stream: `tenant:${tenantId}`, type: 'tenant.created', tenantId, data: { plan: plan.name, region } },
    actor,
  );

  await openRun(
    em,
    {
      id: runId,
      kind: 'provisionTenant',
      tenantId,
      exclusive: true,
      cancellable: true,
      blueprint: { name: blueprint.name, version: blueprint.version },
    },
    actor,
  );
  await addSteps(em, runId, [
    {
      title: 'Reserve the address',
      kind: 'fixed',
      provider: 'address',
      act: 'address.reserve',
      undo: 'address.release',
      done: true,
    },
    ...(await planResources(em, { tenantId, runId }, blueprint.steps)),
    { title: 'Open the doors', kind: 'fixed', provider: 'doors', act: 'doors.open', undo: null },
  ]);
  return { tenantId, slug, runId };
}

/** Chooses the ids of what the blueprint's steps will make. */
async function planResources(
  em: Sql,
  { tenantId, runId }: { tenantId: string; runId: string },
  steps: BlueprintStep[],
): Promise<NewStep[]> {
  const planned: NewStep[] = [];
  for (const [position, step] of steps.entries()) {
    if (step.kind === 'check') {
      planned.push({
        title: step.title,
        kind: 'check',
        provider: step.provider,
        act: `${step.provider}.check`,
        undo: null,
        ...policyOf(step),
      });
      continue;
    }
    const resourceId = newId();
    await rows(em)`
      insert into resources (id, tenant_id, kind, provider, title, position, state, run_id, epoch)
      values (${resourceId}, ${tenantId}, ${step.provider}, ${step.provider}, ${headingOfKind(step.provider)}, ${position}, 'planned', ${runId}, 1)`;
    const { title, provider } = step;
    planned.push({
      title,
      kind: 'resource',
      provider,
      resourceId,
      act: `${provider}.ensure`,
      undo: `${provider}.destroy`,
      ...policyOf(step),
    });
  }
  return planned;
}

const policyOf = ({ onFailure = 'rollback', skippable = false }: BlueprintStep) => ({ onFailure, skippable });

export async function planOf(em: Sql, name: string): Promise<Plan> {
  const plan = await em.findOne(Plan, { name });
  if (plan) return plan;
  throw new DomainError('plan_unknown', `There is no plan "${name}".`, {
    fields: [{ path: 'plan', message: 'is unknown' }],
  });
}

/** A region is known when a data store is in it; the default one is opened by the first worker. */
export async function refuseUnknownRegion(em: Sql, region: string): Promise<void> {
  if (region === defaultRegion) return;
  const found = await rows(em)`select 1 from data_stores where region = ${region} limit 1`;
  if (found.length > 0) return;
  throw new DomainError('region_unknown', `There is no region "${region}".`, {
    fields: [{ path: 'region', message: 'is unknown' }],
  });
}

export const externalIdTaken = (): DomainError =>
  new DomainError('external_id_taken', 'Another tenant has this external id.', {
    fields: [{ path: 'externalId', message: 'is taken' }],
  });
