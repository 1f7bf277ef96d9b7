import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { TenantState } from '#contracts/tenants.ts';
import { bumpAccessEpoch } from '../access/epoch.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { addSteps, openRun, type NewStep } from '../runs/openRun.ts';
import { titleOfKind } from '../resources/resourceTitles.ts';
import { rows } from '../sql.ts';
import { moveTenant } from '../tenants/moveTenant.ts';

export interface OpenedSuspension {
  runId: string;
  /** To be announced after the commit: what processes remember is older. */
  epoch: number;
}

/**
 * Closes a tenant's doors and opens the run that closes what is behind them, in the caller's transaction. From its commit on every
 * process refuses the tenant's people and keys as soon as it has heard of the epoch; the database follows within the run.
 * The suspension's row is planned or effective already. Refuses with `tenant_not_active`, `run_in_progress`.
 */
export async function openSuspension(
  em: Sql,
  { id, tenantId }: { id: string; tenantId: string },
  actor: Actor,
): Promise<OpenedSuspension> {
  const tenant = await lockTenant(em, tenantId);
  if (tenant.state !== 'active') throw notActive(tenant.state);
  const runId = newId();
  await openRun(em, { id: runId, kind: 'suspendTenant', tenantId, exclusive: true, cancellable: true }, actor);
  const open = await rows<{ id: string; provider: string }>(em)`
    select id, provider from resources where tenant_id = ${tenantId} and state = 'present' and access = 'open'
    order by position`;
  await addSteps(em, runId, [
    {
      title: 'Close the doors',
      kind: 'fixed',
      provider: 'doors',
      act: 'doors.suspend',
      undo: 'doors.open',
      done: true,
    },
    ...open.map((resource) => accessStep(resource, 'suspend')),
    { title: 'Tell the tenant', kind: 'fixed', provider: 'suspension', act: 'suspension.close', undo: null },
  ]);
  await rows(em)`
    update suspensions set state = 'effective', began_at = now(), run_id = ${runId}, why = null, try_after = null,
      starts_at = least(starts_at, now()), closed_resources = ${open.map((resource) => resource.id)}::uuid[]
    where id = ${id}`;
  await moveTenant(em, tenantId, { to: 'suspended', attention: tenant.attention }, actor);
  return { runId, epoch: await bumpAccessEpoch(em) };
}

/**
 * Opens the run that opens again what a suspension closed; the doors open at its end. Refuses with `suspension_over`,
 * `tenant_not_active`, `run_in_progress`.
 */
export async function openResumption(
  em: Sql,
  { id, tenantId, closedResources }: { id: string; tenantId: string; closedResources: string[] },
  actor: Actor,
): Promise<{ runId: string }> {
  const tenant = await lockTenant(em, tenantId);
  if (tenant.state !== 'suspended') throw notActive(tenant.state);
  const runId = newId();
  await openRun(em, { id: runId, kind: 'resumeTenant', tenantId, exclusive: true, cancellable: true }, actor);
  const closed = await rows<{ id: string; provider: string }>(em)`
    select id, provider from resources
    where tenant_id = ${tenantId} and state = 'present' and id = any(${closedResources}::uuid[]) order by position`;
  await addSteps(em, runId, [
    ...closed.map((resource) => accessStep(resource, 'open')),
    { title: 'Open the doors', kind: 'fixed', provider: 'doors', act: 'suspension.end', undo: null },
  ]);
  await rows(em)`update suspensions set resume_run_id = ${runId}, why = null, try_after = null where id = ${id}`;
  return { runId };
}

/** A step that settles nothing but the access of a resource; its undo does the other. */
export const accessStep = ({ id, provider }: { id: string; provider: string }, verb: 'suspend' | 'open'): NewStep => ({
  title: `${verb === 'suspend' ? 'Close' : 'Open'} the ${titleOfKind(provider)}`,
  kind: 'resource',
  provider,
  resourceId: id,
  act: `${provider}.${verb}`,
  undo: `${provider}.${verb === 'suspend' ? 'open' : 'suspend'}`,
});

/** Held until the end of the transaction, so that of two who change it one waits for the other. Refuses with `not_found`. */
export async function lockTenant(
  em: Sql,
  tenantId: string,
): Promise<{ state: TenantState; attention: boolean; slug: string | null }> {
  const [tenant] = await rows<{ state: TenantState; attention: boolean; slug: string | null }>(em)`
    select t.state, t.attention,
      (select slug from tenant_addresses a where a.tenant_id = t.id and a.state = 'current') as slug
    from tenants t where t.id = ${tenantId} for update of t`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  return tenant;
}

export const notActive = (state: TenantState): DomainError =>
  new DomainError('tenant_not_active', `The tenant is ${state}: there is nothing to suspend or to resume.`);
