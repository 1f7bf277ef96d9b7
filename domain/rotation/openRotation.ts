import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import { publishedBeforeSeconds, type rotatableKinds } from '#contracts/life/rotation.ts';
import type { Sql } from '../database.ts';
import { appendEvent, theSystem, type Actor } from '../events/appendEvent.ts';
import { addSteps, openRun, type NewStep } from '../runs/openRun.ts';
import { rows } from '../sql.ts';
import { hasEndedOld } from './rotationRow.ts';

export interface Rotation {
  tenantId: string;
  confirm: string;
  kinds: (typeof rotatableKinds)[number][];
  overlapSeconds: number;
}

/**
 * Opens the run that rotates a tenant's secrets. It changes the tenant for moments only, so another run may be changing it now.
 * Call inside a transaction. Refuses with `not_found`, `tenant_not_active`, `confirmation_mismatch`, `invalid_request` (a kind that the
 * tenant does not have), `run_in_progress` (another rotation).
 */
export async function openRotation(
  em: Sql,
  { tenantId, confirm, kinds, overlapSeconds }: Rotation,
  actor: Actor,
): Promise<{ runId: string; tenantId: string; slug: string }> {
  const [tenant] = await rows<{ state: string; slug: string | null; kinds: string[] }>(em)`
    select t.state, (select slug from tenant_addresses a where a.tenant_id = t.id and a.state = 'current') as slug,
      array(select kind from resources r where r.tenant_id = t.id and r.state = 'present') as kinds
    from tenants t where t.id = ${tenantId} for update of t`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  // Of a suspended tenant nothing works that could leak, and a new secret could not be tried.
  if (tenant.state !== 'active' || tenant.slug === null)
    throw new DomainError('tenant_not_active', 'Only the secrets of an active tenant are rotated. Resume it first.');
  if (confirm !== tenant.slug)
    throw new DomainError('confirmation_mismatch', "Type the tenant's address to confirm the rotation.", {
      fields: [{ path: 'confirm', message: "must be the tenant's address" }],
    });
  const lacking = kinds.filter((kind) => !tenant.kinds.includes(kind));
  if (lacking.length > 0)
    throw new DomainError('invalid_request', `This tenant has no ${lacking.join(' and no ')}.`, {
      fields: [{ path: 'kinds', message: 'must be what the tenant has' }],
    });
  const [rotationId, runId] = [newId(), newId()];
  await openRun(em, { id: runId, kind: 'rotateTenantSecrets', tenantId, exclusive: false, cancellable: true }, actor);
  await addSteps(em, runId, stepsOf(kinds));
  // A leaked key is not to sign one token more: in an emergency nobody waits until the new one is known everywhere.
  const publishSeconds = kinds.includes('realm') && overlapSeconds > 0 ? publishedBeforeSeconds : 0;
  const opened = await rows(em)`
    insert into secret_rotations (id, tenant_id, run_id, kinds, state, overlap_seconds, publish_seconds, asked_by)
    values (${rotationId}, ${tenantId}, ${runId}, ${kinds}, 'open', ${overlapSeconds}, ${publishSeconds}, ${actor.userId})
    on conflict (tenant_id) where state = 'open' do nothing returning 1`;
  if (opened.length === 0)
    throw new DomainError(
      'run_in_progress',
      'Its secrets are being rotated already. Wait for the end, or take that back.',
    );
  await appendEvent(
    em,
    {
      stream: `tenant:${tenantId}`,
      type: 'tenant.rotation_asked',
      tenantId,
      data: { runId, kinds, overlapSeconds },
    },
    actor,
  );
  return { runId, tenantId, slug: tenant.slug };
}

/** For a rotation whose workflow was lost: another run goes on where it was, with the same secrets. */
export async function reopenRotation(em: Sql, tenantId: string, lostRunId: string): Promise<string | null> {
  const [rotation] = await rows<{ id: string; kinds: Rotation['kinds'] }>(em)`
    select id, kinds from secret_rotations where run_id = ${lostRunId} and state = 'open' for update`;
  if (!rotation) return null;
  const runId = newId();
  const cancellable = !(await hasEndedOld(em, rotation.id));
  const run = { id: runId, kind: 'rotateTenantSecrets', tenantId, exclusive: false, cancellable } as const;
  await openRun(em, { ...run, parentRunId: lostRunId }, theSystem);
  await addSteps(em, runId, stepsOf(rotation.kinds));
  await rows(em)`update secret_rotations set run_id = ${runId} where id = ${rotation.id}`;
  return runId;
}

const stepsOf = (kinds: Rotation['kinds']): NewStep[] => [
  step('Make the new secrets', 'prepare', 'withdraw'),
  step('Try the new secrets', 'try'),
  step('Hand out the new secrets', 'show'),
  ...(kinds.includes('realm') ? [step('Sign with the new key', 'sign')] : []),
  step('End the old secrets', 'endOld'),
];

const step = (title: string, act: string, undo: string | null = null): NewStep => ({
  title,
  kind: 'fixed',
  provider: `secrets.${act}`,
  act: `secrets.${act}`,
  undo: undo && `secrets.${undo}`,
});
