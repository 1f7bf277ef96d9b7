import { DomainError } from '#contracts/errors.ts';
import { runIsOver } from '#contracts/runStates.ts';
import type { RunRef } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { appendEvent } from '../events/appendEvent.ts';
import { takeTenant } from '../runs/exclusivity.ts';
import { moveRun, type Ledger, type LockedRun } from '../runs/ledger.ts';
import type { RotatedKind } from '../secrets/credentials.ts';
import { rows } from '../sql.ts';

export interface RotationRow {
  id: string;
  tenant_id: string;
  run_id: string;
  kinds: RotatedKind[];
  state: 'open' | 'done' | 'withdrawn';
  overlap_seconds: number;
  publish_seconds: number;
  sign_at: string | null;
  end_at: string | null;
}

/** The rotation of a run, its row held until the end of the transaction. */
export async function lockRotation(em: Sql, runId: string): Promise<RotationRow> {
  const [rotation] = await rows<RotationRow>(em)`
    select id, tenant_id, run_id, kinds, state, overlap_seconds, publish_seconds, sign_at, end_at from secret_rotations
    where run_id = ${runId} for update`;
  if (!rotation) throw new Error(`run ${runId} rotates nothing`);
  return rotation;
}

/** Whether its old secrets were ended: then there is nothing to go back to. */
export async function hasEndedOld(em: Sql, rotationId: string): Promise<boolean> {
  const past = await rows(em)`
    select 1 from credentials n where n.rotation_id = ${rotationId} and n.state = 'current' and not exists (
      select 1 from credentials o where o.resource_id = n.resource_id and o.state = 'ending') limit 1`;
  return past.length > 0;
}

/** What of the tenant is rotated, and where its secrets belong. */
export const rotatedResources = (em: Sql, { tenant_id: tenantId, kinds }: RotationRow) =>
  rows<{ id: string; kind: RotatedKind }>(em)`
    select id, kind from resources
    where tenant_id = ${tenantId} and kind = any(${kinds}::text[]) and state = 'present' order by position`;

/**
 * One change of the tenant's secrets: the run holds the tenant from here on. Refuses with `run_in_progress` while another run changes it,
 * with `run_over` once this one has ended, and with `tenant_not_active` when the tenant is being removed.
 */
export async function whileHolding<Result>(
  ledger: Ledger,
  ref: RunRef,
  change: (em: Sql, run: LockedRun, rotation: RotationRow) => Promise<Result>,
): Promise<Result> {
  return ledger.onRun(ref, async (em, run) => {
    if (runIsOver(run.state)) throw new DomainError('run_over', `The run has ended (${run.state}).`);
    const rotation = await lockRotation(em, run.id);
    if (await isGone(em, rotation.tenant_id)) throw tenantGone();
    await takeTenant(em, { id: run.id, tenantId: rotation.tenant_id });
    return { changed: true, result: await change(em, run, rotation) };
  });
}

/** Whether the tenant's things are being removed for good, so that there is nothing to rotate any more. */
export async function isGone(em: Sql, tenantId: string): Promise<boolean> {
  const [tenant] = await rows<{ gone: boolean }>(em)`
    select t.state in ('erased', 'rolled_back') or not exists (
      select 1 from resources r where r.tenant_id = t.id and r.state = 'present') as gone
    from tenants t where t.id = ${tenantId}`;
  return tenant?.gone ?? true;
}

export const tenantGone = (): DomainError =>
  new DomainError('tenant_not_active', 'The tenant is being removed: there is nothing to rotate any more.');

/** Stands still until a time comes, visibly; anybody else may change the tenant meanwhile. */
export async function waitForTime(em: Sql, run: LockedRun): Promise<void> {
  const [next] = await rows<{ id: string }>(em)`
    select id from run_steps where run_id = ${run.id} and state = 'pending' order by position limit 1`;
  await rows(em)`
    update runs set held_by = 'overlap', held_since = now(), held_step_id = ${next?.id ?? null} where id = ${run.id}`;
  if (run.state !== 'waiting') await moveRun(em, run, 'waiting');
}

export const tellOfRotation = (
  em: Sql,
  { tenant_id: tenantId, id: rotationId, kinds }: RotationRow,
  what: string,
  run: LockedRun,
  data: Record<string, unknown> = {},
): Promise<void> =>
  appendEvent(
    em,
    {
      stream: `tenant:${tenantId}`,
      type: `tenant.secrets_${what}`,
      tenantId,
      data: { rotationId, runId: run.id, kinds, ...data },
    },
    run.actor,
  );
