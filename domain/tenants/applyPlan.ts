import { DomainError, type FieldError } from '#contracts/errors.ts';
import type { TenantToCreate } from '#contracts/tenants.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import type { Keyring } from '../secrets/keyring.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { rows } from '../sql.ts';
import { slugOf } from './addresses.ts';
import { comparePlans, refuseOtherInputs } from './comparePlans.ts';
import { planRegistration } from './planRegistration.ts';
import { registerTenant, type RegisteredTenant } from './registerTenant.ts';
import { hashOf, showPlan, type AskProviders } from './showPlan.ts';
import { findPlan, type StoredPlan } from './tenantPlans.ts';

export interface Applying {
  em: Sql;
  keyring: Keyring;
  keys: TenantKeys;
  ask: AskProviders;
  once: (work: (em: Sql) => Promise<RegisteredTenant>) => Promise<RegisteredTenant>;
}

/**
 * Creates the tenant that was planned, with the ids that were chosen, if everything is still as it was shown. Applying twice is
 * applying once.
 *
 * Refuses with `not_found`, `plan_differs`, `plan_expired`, `plan_outdated` (telling what moved, field by field), and with
 * `slug_taken` or `resource_conflict` when the plan itself showed that it is impossible.
 */
export async function applyPlan(
  planId: string,
  given: TenantToCreate,
  actor: Actor,
  { em, keyring, keys, ask, once }: Applying,
): Promise<RegisteredTenant> {
  const plan = await findPlan(em, keyring, planId, actor);
  refuseOtherInputs(given, plan);
  if (plan.appliedRunId) return startedBy(em, plan, plan.appliedRunId);
  if (plan.hasExpired)
    throw new DomainError('plan_expired', 'The plan has expired. Plan again to see what would happen now.');
  try {
    await refuseOutdated(em, plan, ask);
  } catch (error) {
    // What moved may be that the same plan was applied by the same person a moment ago: committed together, seen together.
    const { appliedRunId } = await findPlan(em, keyring, planId, actor);
    if (appliedRunId) return startedBy(em, plan, appliedRunId);
    throw error;
  }
  refuseImpossible(plan);

  return once(async (tx) => {
    const [locked] = await rows<{ applied_run_id: string | null }>(tx)`
      select applied_run_id from tenant_plans where id = ${planId} for update`;
    if (locked?.applied_run_id) return startedBy(tx, plan, locked.applied_run_id);
    const { slug, blueprint } = plan.shown;
    const registered = await registerTenant(tx, keys, { ...plan.wanted, slug }, actor, { ...plan, blueprint }).catch(
      (error: unknown) => {
        throw movedMeanwhile(error);
      },
    );
    await rows(tx)`update tenant_plans set applied_run_id = ${registered.runId} where id = ${planId}`;
    return registered;
  });
}

async function startedBy(em: Sql, { tenantId, shown }: StoredPlan, runId: string): Promise<RegisteredTenant> {
  return { tenantId, runId, slug: (await slugOf(em, tenantId)) || shown.slug, blueprint: shown.blueprint };
}

/** Looks at the registry and asks the providers once more. */
async function refuseOutdated(em: Sql, plan: StoredPlan, ask: AskProviders): Promise<void> {
  const wanted = { ...plan.wanted, slug: plan.shown.slug };
  const now = await planRegistration(em, wanted, plan).catch((error: unknown) => {
    throw movedMeanwhile(error);
  });
  const shownNow = await showPlan(now, ask);
  if (hashOf(shownNow) === plan.hash) return;
  throw planOutdated(comparePlans(plan.shown, shownNow), shownNow.suggestions);
}

/** A conflict that was shown is still one. */
function refuseImpossible({ shown }: StoredPlan): void {
  if (!shown.slugIsFree)
    throw new DomainError('slug_taken', `The address "${shown.slug}" is taken.`, {
      fields: [{ path: 'slug', message: 'is taken' }],
      extra: { suggestions: shown.suggestions },
    });
  const conflicts = shown.steps.filter(({ action }) => action === 'conflict');
  if (conflicts.length > 0)
    throw new DomainError('resource_conflict', 'Something that is not ours is in the way. It is left alone.', {
      fields: conflicts.map(({ key, reason }) => ({ path: `steps.${key}`, message: reason })),
    });
}

/** What could be planned and cannot be registered any more. */
function movedMeanwhile(error: unknown): unknown {
  if (!(error instanceof DomainError)) return error;
  const moves = ['slug_taken', 'external_id_taken', 'plan_unknown', 'region_unknown', 'license_policy_missing'];
  if (!moves.includes(error.code)) return error;
  const fields = error.fields.map(({ path, message }) => ({ path, message: `${message} now` }));
  return planOutdated(fields, error.extra['suggestions']);
}

const planOutdated = (fields: FieldError[], suggestions: unknown): DomainError =>
  new DomainError('plan_outdated', 'Reality moved since this was planned. Plan again to see what would happen now.', {
    fields,
    extra: { suggestions },
  });
