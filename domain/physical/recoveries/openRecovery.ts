import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { RecoveryMode } from '#contracts/recovery/recoveries.ts';
import { lockBackedUp, refuseWhileOpen } from '../../backups/runs/openBackup.ts';
import type { Configuration } from '../../configuration.ts';
import type { Sql } from '../../database.ts';
import type { Actor } from '../../events/appendEvent.ts';
import { isoOf } from '../../isoOf.ts';
import { refuseWhileOffboarding } from '../../offboarding/offboardingRow.ts';
import { addSteps, openRun, type NewStep } from '../../runs/openRun.ts';
import type { TenantKeys } from '../../secrets/tenantKeys.ts';
import { rows } from '../../sql.ts';
import { addressIsFree, addressTaken } from '../../tenants/addresses.ts';
import { reachOf, windowFor } from '../reach.ts';
import { sealWish, writeRecovery, type Wish } from './recoveryRow.ts';

export type WantedRecovery = { tenantId: string; at: Date } & (
  { mode: 'copy' } | { mode: 'in_place'; confirm: string } | { mode: 'beside'; wish: Wish }
);

export interface OpenedRecovery {
  runId: string;
  tenantId: string;
  slug: string;
}

const fixed = (title: string, provider: string, act: string, undo: string | null = null): NewStep => ({
  ...{ title, kind: 'fixed', provider, act, undo, spec: { cause: 'point_in_time' } },
});

const lastTitles: Record<RecoveryMode, string> = {
  copy: 'Keep the copy',
  beside: 'Keep the copy, and begin to make a tenant from it',
  in_place: 'Keep the copy, and begin to put it in the place of what is there',
};

export const stepsOf = (mode: RecoveryMode): NewStep[] => [
  fixed('Find the base backup and the log that lead to the moment', 'recovery.choose', 'recovery.choose'),
  fixed('Bring the server back to the moment, beside', 'recovery.restore', 'recovery.restore', 'recovery.remove'),
  fixed('Look at every index of it', 'recovery.prove', 'recovery.prove'),
  fixed('Copy the tenant out of it', 'backup.write', 'recovery.copy', 'backup.discard'),
  fixed('Read the copy again', 'backup.check', 'backup.check'),
  fixed('Remove what was brought back', 'recovery.remove', 'recovery.remove'),
  fixed(lastTitles[mode], 'recovery.close', 'recovery.close'),
];

/**
 * Opens the run that copies a tenant out of the whole server as it was at a moment, and then restores the copy as it was asked to. Until that restore
 * begins nothing of the tenant is touched, so whatever else changes it goes on beside it. Call inside a transaction, with the tenant's key read before.
 * Refuses with `not_found`, `tenant_not_active`, `physical_off`, `physical_too_early`, `physical_too_late`, `physical_in_gap`, `run_in_progress`;
 * in place also with `confirmation_mismatch`, `offboarding_open`; beside with `slug_taken`.
 */
export async function openRecovery(
  em: Sql,
  { keys, configuration }: { keys: TenantKeys; configuration: Pick<Configuration, 'physical'> },
  wanted: WantedRecovery,
  actor: Actor,
): Promise<OpenedRecovery> {
  const { tenantId, at, mode } = wanted;
  const slug = await lockBackedUp(em, tenantId);
  windowFor(await reachOf(em, configuration), at);
  await refuseBeforeItsTime(em, tenantId, at);
  await refuseWhileOpen(em, 'recoverTenant', tenantId, null);
  if (mode === 'in_place') {
    if (wanted.confirm !== slug)
      throw new DomainError(
        'confirmation_mismatch',
        "Type the tenant's address to confirm that its data is replaced.",
        { fields: [{ path: 'confirm', message: "must be the tenant's address" }] },
      );
    await refuseWhileOffboarding(em, tenantId);
  }
  if (mode === 'beside' && wanted.wish.slug) await refuseTaken(em, wanted.wish.slug);
  const runId = newId();
  await openRun(em, { id: runId, kind: 'recoverTenant', tenantId, exclusive: false, cancellable: true }, actor);
  const sealedWish = mode === 'beside' ? await sealWish(keys, tenantId, runId, wanted.wish) : null;
  await writeRecovery(em, { runId, tenantId, at, mode, sealedWish });
  await addSteps(em, runId, stepsOf(mode));
  return { runId, tenantId, slug };
}

/** Refuses a moment at which the tenant was not there. */
export async function refuseBeforeItsTime(em: Sql, tenantId: string, at: Date): Promise<void> {
  const [tenant] = await rows<{ created: string }>(
    em,
  )`select created_at as created from tenants where id = ${tenantId}`;
  if (tenant && at < new Date(tenant.created))
    throw new DomainError('physical_too_early', `The tenant was not there yet: it was made ${isoOf(tenant.created)}.`);
}

/** It is taken when the restore begins, hours later perhaps; who may not have it now is told now. */
export async function refuseTaken(em: Sql, slug: string): Promise<void> {
  if (!(await addressIsFree(em, slug))) throw await addressTaken(em, slug);
}
