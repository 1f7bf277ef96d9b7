import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { bumpAccessEpoch } from '../../access/epoch.ts';
import type { Actor } from '../../events/appendEvent.ts';
import { refuseWhileOffboarding } from '../../offboarding/offboardingRow.ts';
import { addSteps, openRun } from '../../runs/openRun.ts';
import { rows } from '../../sql.ts';
import { accessStep, lockTenant } from '../../suspension/openSuspension.ts';
import { moveTenant } from '../../tenants/moveTenant.ts';
import { restorableBackup } from '../restoring/restorableBackup.ts';
import { writeRestore } from '../restoring/restoreRow.ts';
import { unfinishedRefill } from './unfinishedRefill.ts';

/** Opens the run that fills again every tenant that lost something. Refuses with `run_in_progress`. */
export async function openRefill(em: Sql, actor: Actor): Promise<string> {
  const runId = newId();
  await openRun(em, { id: runId, kind: 'refillFleet', tenantId: null, exclusive: false, cancellable: true }, actor);
  await addSteps(em, runId, [
    { title: 'Fill the tenants again', kind: 'fixed', provider: 'refill', act: 'refill.turn', undo: null },
  ]);
  return runId;
}

export interface LostTenant {
  tenantId: string;
  /** By kind of provider: nothing else of the tenant is touched. */
  lost: readonly string[];
  backupId: string;
  parentRunId: string;
}

/**
 * Opens the run that makes again what a tenant lost, and fills it from a backup, in the caller's transaction. The doors close with it, and stay closed when it fails:
 * there is nothing behind them. Refuses with `not_found`, `tenant_not_active`, `offboarding_open`, `backup_not_found`, `backup_damaged`, `run_in_progress`.
 */
export async function openRefillOfTenant(
  em: Sql,
  { tenantId, lost, backupId, parentRunId }: LostTenant,
  actor: Actor,
): Promise<string> {
  const tenant = await lockTenant(em, tenantId);
  if (tenant.state !== 'active' && tenant.state !== 'suspended')
    throw new DomainError('tenant_not_active', `The tenant is ${tenant.state}.`);
  await refuseWhileOffboarding(em, tenantId);
  await restorableBackup(em, tenantId, backupId);
  const before = await unfinishedRefill(em, tenantId);
  const runId = newId();
  await openRun(
    em,
    {
      ...{ id: runId, kind: 'restoreTenant', tenantId, exclusive: true, cancellable: true },
      ...{ parentRunId, queue: 'bulk' },
    },
    actor,
  );
  const wasOpen = tenant.state === 'active' || (before?.wasOpen ?? false);
  const closed = await rows<{ id: string }>(em)`
    update resources set access = 'suspended', updated_at = now()
    where tenant_id = ${tenantId} and state = 'present' and access = 'open' and provider = any(${[...lost]}::text[]) returning id`;
  const toOpen = [...new Set([...(before?.closed ?? []), ...closed.map(({ id }) => id)])];
  await writeRestore(em, {
    ...{ runId, mode: 'refill', tenantId, sourceTenantId: tenantId, backupId, wasOpen, sealedChoice: null },
    ...{ lost, closed: toOpen },
  });
  const resources = await rows<{ id: string; provider: string }>(em)`
    select id, provider from resources where id = any(${toOpen}::uuid[]) order by position`;
  await addSteps(em, runId, [
    {
      ...{ title: 'Read the whole backup', kind: 'check', provider: 'restorable' },
      ...{ act: 'restorable.check', undo: null },
    },
    {
      ...{ title: 'Make again what was lost, and fill it', kind: 'resource', provider: 'restored' },
      ...{ act: 'restored.ensure', undo: 'restored.destroy' },
    },
    ...resources.map((resource) => accessStep(resource, 'open')),
    ...(wasOpen
      ? [
          {
            ...{ title: 'Check that everything answers', kind: 'check' as const, provider: 'tenant' },
            ...{ act: 'tenant.check', undo: null },
          },
        ]
      : []),
    { title: 'Open the doors', kind: 'fixed', provider: 'restore', act: 'restore.close', undo: null },
  ]);
  if (tenant.state === 'active') {
    await moveTenant(em, tenantId, { to: 'suspended', attention: tenant.attention }, actor);
    await bumpAccessEpoch(em);
  }
  return runId;
}
