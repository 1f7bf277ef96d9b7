import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { NewOffboarding } from '#contracts/offboarding/offboarding.ts';
import type { Configuration } from '../configuration.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { addSteps, openRun, type NewStep } from '../runs/openRun.ts';
import { rows } from '../sql.ts';
import { moveTenant } from '../tenants/moveTenant.ts';
import { removalSteps } from '../tenants/openRemoval.ts';

/**
 * Opens the run by which a tenant leaves: with a copy of everything, a time in which it can be undone, and a certificate at its end.
 * From here on nobody but the platform finds the tenant. Call inside a transaction.
 * Refuses with `not_found`, `confirmation_mismatch`, `tenant_not_active`, `tenant_erased`, `run_in_progress`.
 */
export async function openOffboarding(
  em: Sql,
  configuration: Pick<Configuration, 'erasure'>,
  tenantId: string,
  { confirm, graceDays }: NewOffboarding,
  actor: Actor,
): Promise<{ tenantId: string; slug: string; runId: string }> {
  const [tenant] = await rows<{ state: string; slug: string | null; grace_days: number | null }>(em)`
    select t.state, a.slug, p.grace_days from tenants t join plans p on p.name = t.plan
    left join tenant_addresses a on a.tenant_id = t.id and a.state = 'current'
    where t.id = ${tenantId} for update of t`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  const { state, slug } = tenant;
  if (state === 'erased' || state === 'rolled_back')
    throw new DomainError('tenant_erased', 'Nothing is left of this tenant.');
  if (confirm !== (slug ?? tenantId))
    throw new DomainError('confirmation_mismatch', "Type the tenant's address to confirm that it leaves.", {
      fields: [{ path: 'confirm', message: "must be the tenant's address" }],
    });
  const runId = newId();
  // Whoever holds the tenant is told by its own name, whatever state it is in.
  await openRun(em, { id: runId, kind: 'offboardTenant', tenantId, exclusive: true, cancellable: true }, actor);
  if (state !== 'active' && state !== 'suspended')
    throw new DomainError('tenant_not_active', 'Only a tenant that is active or suspended can be offboarded.');
  const days = graceDays ?? tenant.grace_days ?? configuration.erasure.graceDays;
  await rows(em)`
    insert into offboardings (run_id, tenant_id, state_before, closed_resources, grace_days, requested_by)
    select ${runId}, ${tenantId}, ${state}, coalesce(array_agg(r.id) filter (where r.access = 'open'), '{}'), ${days}, ${actor.userId}
    from resources r where r.tenant_id = ${tenantId} and r.state = 'present'`;
  await addSteps(em, runId, [...stepsBefore(days), ...(await removalSteps(em, tenantId)), ...stepsAfter]);
  await moveTenant(em, tenantId, { to: 'offboarding', attention: false }, actor);
  await appendEvent(
    em,
    { stream: `tenant:${tenantId}`, type: 'offboarding.requested', tenantId, data: { runId, graceDays: days } },
    actor,
  );
  return { tenantId, slug: slug ?? '', runId };
}

const stepsBefore = (days: number): NewStep[] => [
  {
    title: 'Suspend the tenant',
    kind: 'resource',
    provider: 'leaving',
    act: 'leaving.ensure',
    undo: 'leaving.destroy',
    onFailure: 'wait',
  },
  {
    title: 'Export everything',
    kind: 'resource',
    provider: 'export',
    act: 'export.ensure',
    undo: 'export.destroy',
    onFailure: 'wait',
  },
  { title: 'Verify the export', kind: 'check', provider: 'export', act: 'export.check', undo: null, onFailure: 'wait' },
  {
    title: 'Hand the export over',
    kind: 'resource',
    provider: 'handover',
    act: 'handover.ensure',
    undo: 'handover.destroy',
    onFailure: 'wait',
  },
  {
    title: days === 1 ? 'Wait for a day in which it can be undone' : `Wait for ${days} days in which it can be undone`,
    kind: 'fixed',
    provider: 'grace',
    act: 'grace.end',
    undo: null,
  },
];

const stepsAfter: NewStep[] = [
  { title: 'Remove the export', kind: 'fixed', provider: 'exports', act: 'exports.remove', undo: null },
  {
    title: 'Erase personal data, hold the address',
    kind: 'fixed',
    provider: 'registry',
    act: 'registry.erase',
    undo: null,
  },
];
