import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { theSystem, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { moveTenant } from './moveTenant.ts';
import { refuseHeldTenant } from '../offboarding/legalHolds.ts';
import { refuseWhileOffboarding } from '../offboarding/offboardingRow.ts';
import { titleOfKind } from '../resources/resourceTitles.ts';
import { addSteps, openRun, type NewStep } from '../runs/openRun.ts';
import { outsideStepsOf, undoOf } from '../runs/ending/undoSteps.ts';

/**
 * Opens the run that removes a tenant at once. `confirm` must be the tenant's address (or its id, when the address is free again).
 * Refuses with `not_found`, `confirmation_mismatch`, `tenant_erased`, `run_in_progress`, `legal_hold`, `offboarding_open`.
 */
export async function openRemoval(
  em: Sql,
  tenantId: string,
  confirm: string,
  actor: Actor,
): Promise<{ tenantId: string; slug: string; runId: string }> {
  const [tenant] = await rows<{ state: string; slug: string | null }>(em)`
    select t.state, a.slug from tenants t
    left join tenant_addresses a on a.tenant_id = t.id and a.state = 'current'
    where t.id = ${tenantId} for update of t`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  if (tenant.state === 'erased' || tenant.state === 'rolled_back')
    throw new DomainError('tenant_erased', 'Nothing is left of this tenant.');
  if (confirm !== (tenant.slug ?? tenantId))
    throw new DomainError('confirmation_mismatch', "Type the tenant's address to confirm its removal.", {
      fields: [{ path: 'confirm', message: "must be the tenant's address" }],
    });

  await refuseHeldTenant(em, tenantId);
  await refuseWhileOffboarding(em, tenantId);
  const runId = await writeRun(em, tenantId, null, actor);
  // Not left to the workflow: from the moment a removal is accepted nobody but the platform finds the tenant.
  if (tenant.state !== 'offboarding') await moveTenant(em, tenantId, { to: 'offboarding', attention: false }, actor);
  return { tenantId, slug: tenant.slug ?? '', runId };
}

/** For a removal whose workflow was lost: what it left to do, as a run of its own. Nobody has to confirm again. */
export async function reopenRemoval(em: Sql, tenantId: string, lostRunId: string): Promise<{ runId: string }> {
  return { runId: await writeRun(em, tenantId, lostRunId, theSystem) };
}

async function writeRun(em: Sql, tenantId: string, parentRunId: string | null, actor: Actor): Promise<string> {
  const runId = newId();
  await openRun(
    em,
    {
      id: runId,
      kind: 'deprovisionTenant',
      tenantId,
      exclusive: true,
      cancellable: false,
      ...(parentRunId ? { parentRunId } : {}),
    },
    actor,
  );
  await addSteps(em, runId, [
    { title: 'Close the doors', kind: 'fixed', provider: 'doors', act: 'doors.close', undo: null },
    ...(await removalSteps(em, tenantId)),
    { title: 'Release the address', kind: 'fixed', provider: 'address', act: 'address.release', undo: null },
  ]);
  return runId;
}

/** What removes everything of a tenant that is outside the registry: first what may stand on the rest. */
export async function removalSteps(em: Sql, tenantId: string): Promise<NewStep[]> {
  const resources = await rows<{ id: string; provider: string }>(em)`
    select id, provider from resources where tenant_id = ${tenantId} and state <> 'destroyed' order by position desc`;
  const outside = await outsideStepsOf(em, tenantId);
  return [
    ...outside.map(undoOf),
    ...resources.map(({ id, provider }) => ({
      title: `Remove the ${titleOfKind(provider)}`,
      kind: 'resource' as const,
      provider,
      resourceId: id,
      act: `${provider}.destroy`,
      undo: null,
    })),
  ];
}
