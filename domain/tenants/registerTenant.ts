import { v7 as newId } from 'uuid';
import type { BlueprintStep } from '#contracts/blueprints.ts';
import { DomainError } from '#contracts/errors.ts';
import type { NewTenant } from '#contracts/tenants.ts';
import { Plan } from '../blueprints/blueprintRecord.ts';
import { chooseIds, planSteps } from '../blueprints/planSteps.ts';
import { findVersion, stepsOf } from '../blueprints/viewBlueprints.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
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
  /** What the run is pinned to. */
  blueprint?: { name: string; version: number };
}

/** What was chosen, and shown, before anything was written. */
export interface Chosen {
  tenantId: string;
  /** By provider. */
  resourceIds: Record<string, string>;
  blueprint: { name: string; version: number };
}

/**
 * Everything that creating a tenant writes before its workflow starts: tenant, address, key, resources, run with its steps,
 * events. Call inside a transaction; nothing outside the registry exists yet.
 *
 * Refuses with `slug_taken`, `external_id_taken`, `plan_unknown`, `region_unknown`, `license_policy_missing`.
 *
 * @param chosen what a plan chose before; by default all is chosen now
 * @param filling what puts something into its resources, before anything is checked
 */
export async function registerTenant(
  em: Sql,
  keys: TenantKeys,
  wanted: NewTenant,
  actor: Actor,
  chosen?: Chosen,
  filling: NewStep[] = [],
): Promise<RegisteredTenant> {
  const plan = await planOf(em, wanted.plan ?? defaultPlan);
  const pinned = chosen?.blueprint ?? { name: plan.blueprintName, version: plan.blueprintVersion };
  const steps = stepsOf(await findVersion(em, pinned.name, pinned.version));
  refuseUnlicensed(plan, steps);
  const region = wanted.region ?? defaultRegion;
  await refuseUnknownRegion(em, region);

  const tenantId = chosen?.tenantId ?? newId();
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
      blueprint: pinned,
      ...(wanted.queue ? { queue: wanted.queue } : {}),
    },
    actor,
  );
  const planned = await planSteps(em, { tenantId, runId }, steps, chooseIds(steps, chosen?.resourceIds));
  await addSteps(em, runId, [
    {
      title: 'Reserve the address',
      kind: 'fixed',
      provider: 'address',
      act: 'address.reserve',
      undo: 'address.release',
      done: true,
    },
    ...withFilling(breakAt(planned, wanted.breakpoints ?? []), filling),
    { title: 'Open the doors', kind: 'fixed', provider: 'doors', act: 'doors.open', undo: null },
  ]);
  return { tenantId, slug, runId, blueprint: pinned };
}

/** After the last resource: what comes behind it looks at them, or tells others of them. */
function withFilling(steps: NewStep[], filling: NewStep[]): NewStep[] {
  const after = steps.findLastIndex(({ kind }) => kind === 'resource') + 1;
  return steps.toSpliced(after, 0, ...filling);
}

/** Refuses with `invalid_request` a breakpoint at no step. */
function breakAt(steps: NewStep[], keys: string[]): NewStep[] {
  const unknown = keys.flatMap((key, at) =>
    steps.some((step) => step.key === key)
      ? []
      : [{ path: `breakpoints.${at}`, message: 'is no step of the blueprint before the doors' }],
  );
  if (unknown.length > 0)
    throw new DomainError('invalid_request', 'Some of what was sent is not valid.', { fields: unknown });
  return steps.map((step) => ({ ...step, breakpoint: keys.includes(step.key ?? '') }));
}

export async function planOf(em: Sql, name: string): Promise<Plan> {
  const plan = await em.findOne(Plan, { name });
  if (plan) return plan;
  throw new DomainError('plan_unknown', `There is no plan "${name}".`, {
    fields: [{ path: 'plan', message: 'is unknown' }],
  });
}

/** Its licence would be by no policy: better told now than by a run that is rolled back. */
export function refuseUnlicensed({ name, licensePolicyName }: Plan, steps: BlueprintStep[]): void {
  const isLicensed = steps.some((step) => step.kind === 'resource' && step.provider === 'license');
  if (isLicensed && !licensePolicyName)
    throw new DomainError(
      'license_policy_missing',
      `Tenants of the plan "${name}" get a licence, and it points at no licence policy.`,
      { fields: [{ path: 'plan', message: 'points at no licence policy' }] },
    );
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
