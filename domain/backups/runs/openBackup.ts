import { v7 as newId } from 'uuid';
import type { BackupCause } from '#contracts/backups/backups.ts';
import { DomainError } from '#contracts/errors.ts';
import type { RunQueue, WorkflowKind } from '#contracts/workflowInputs.ts';
import type { Sql } from '../../database.ts';
import type { Actor } from '../../events/appendEvent.ts';
import { addSteps, openRun } from '../../runs/openRun.ts';
import { rows } from '../../sql.ts';
import { lockBackup } from './backupRow.ts';

export interface OpenedBackup {
  runId: string;
  tenantId: string;
  slug: string;
}

/**
 * Opens the run that copies a tenant. It changes nothing of the tenant, so whatever else changes it goes on beside it. Call inside a transaction.
 * Refuses with `not_found`, `tenant_not_active` (of a tenant that is being made or let go there is nothing to keep), `run_in_progress` (another
 * backup of the tenant).
 */
export async function openBackup(
  em: Sql,
  { tenantId, cause, parentRunId }: { tenantId: string; cause: BackupCause; parentRunId?: string },
  actor: Actor,
): Promise<OpenedBackup> {
  const slug = await lockBackedUp(em, tenantId);
  await refuseWhileOpen(em, 'backupTenant', tenantId, null);
  const runId = newId();
  const queue: RunQueue = cause === 'schedule' ? 'bulk' : 'interactive';
  await openRun(
    em,
    {
      ...{ id: runId, kind: 'backupTenant', tenantId, exclusive: false, cancellable: true, queue },
      ...(parentRunId === undefined ? {} : { parentRunId }),
    },
    actor,
  );
  await addSteps(em, runId, [
    {
      title: 'Copy the tenant',
      kind: 'fixed',
      provider: 'backup.write',
      act: 'backup.write',
      undo: 'backup.discard',
      spec: { cause },
    },
    { title: 'Read the copy again', kind: 'fixed', provider: 'backup.check', act: 'backup.check', undo: null },
  ]);
  return { runId, tenantId, slug };
}

/**
 * Opens the run that reads a backup again without restoring it. Refuses with `not_found` (also of a backup that is not kept any more),
 * `run_in_progress`.
 */
export async function openVerification(
  em: Sql,
  { tenantId, backupId }: { tenantId: string; backupId: string },
  actor: Actor,
): Promise<OpenedBackup> {
  const slug = await lockBackedUp(em, tenantId);
  const { state } = await lockBackup(em, tenantId, backupId);
  if (state !== 'kept') throw new DomainError('not_found', 'This backup is not kept; there is nothing to read.');
  await refuseWhileOpen(em, 'verifyBackup', tenantId, backupId);
  const runId = newId();
  await openRun(
    em,
    {
      ...{ id: runId, kind: 'verifyBackup', tenantId, subjectId: backupId },
      ...{ exclusive: false, cancellable: true, queue: 'bulk' },
    },
    actor,
  );
  await addSteps(em, runId, [
    { title: 'Read the backup again', kind: 'fixed', provider: 'backup.read', act: 'backup.read', undo: null },
  ]);
  return { runId, tenantId, slug };
}

/** Held until the transaction ends, so that no two look at once whether the same is under way. */
export async function lockBackedUp(em: Sql, tenantId: string): Promise<string> {
  const [tenant] = await rows<{ state: string; slug: string | null }>(em)`
    select t.state, (select slug from tenant_addresses a where a.tenant_id = t.id and a.state = 'current') as slug
    from tenants t where t.id = ${tenantId} for update of t`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  if (tenant.state !== 'active' && tenant.state !== 'suspended')
    throw new DomainError('tenant_not_active', 'Only tenants that are active or suspended are backed up.');
  return tenant.slug ?? '';
}

export async function refuseWhileOpen(
  em: Sql,
  kind: WorkflowKind,
  tenantId: string,
  subjectId: string | null,
): Promise<void> {
  const [open] = await rows<{ id: string }>(em)`
    select id from runs where tenant_id = ${tenantId} and kind = ${kind} and subject_id is not distinct from ${subjectId}::uuid
      and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention') limit 1`;
  if (open)
    throw new DomainError('run_in_progress', 'The same is under way already. Wait for its end.', {
      extra: { runId: open.id },
    });
}
