import { Context } from '@temporalio/activity';
import { DomainError } from '#contracts/errors.ts';
import type { RunRef, StepInput } from '#contracts/workflowInputs.ts';
import { announceAccess } from '#domain/access/epoch.ts';
import { listKeys, signerOf } from '#domain/audit/signingKeys.ts';
import { KeyBook } from '#domain/audit/statements.ts';
import { arrivedBackup, refuseErasedOrigin } from '#domain/backups/arriving/origins.ts';
import { openBackup, type OpenBackup } from '#domain/backups/format/readBackup.ts';
import { removeBackup, type BackupTarget } from '#domain/backups/format/writeBackup.ts';
import { verifyBackup } from '#domain/backups/format/verifyBackup.ts';
import { beginPresent, keepPresent, presentOf } from '#domain/backups/restoring/presentBackup.ts';
import { closeRestore } from '#domain/backups/restoring/closeRestore.ts';
import { peopleOf, removePeopleSince } from '#domain/backups/restoring/peopleBefore.ts';
import { noteBegun, noteOutcome, notePutBack } from '#domain/backups/restoring/progress.ts';
import {
  choiceOf,
  findRestore,
  isOwn,
  openChoiceWith,
  restoreOf,
  type RestoreRow,
} from '#domain/backups/restoring/restoreRow.ts';
import { openErasureLedger } from '#domain/erasure/erasureLedger.ts';
import { countRestore } from '#observability/backups/restoreMetrics.ts';
import type { Deps } from '../deps.ts';
import { specsOf } from '../tenant/resources.ts';
import { bringBackTenant, type RestoreTarget } from './bringBackTenant.ts';
import { copyTenant } from './copyTenant.ts';

/** `restorable.*`, `present.*`, `restored.*`, `restore.*`: what a backup holds is brought back, beside or in place. Each may be repeated. */
export const restoreActivities = (deps: Deps) => {
  const em = () => deps.registry.em.fork();

  return {
    /** Nothing is closed or replaced for a backup that cannot be read to its end, or of somebody who is to be forgotten. */
    async 'restorable.check'({ runId }: StepInput): Promise<void> {
      const restore = await restoreOf(em(), runId);
      await refuseErased(deps, restore);
      const { target, keys } = await sourceOf(deps, restore);
      await verifyBackup(target, { keys, signal: Context.current().cancellationSignal });
    },

    /** The way back, and the undo of what follows. Once: what a killed attempt left is removed first. */
    async 'present.check'(input: StepInput): Promise<void> {
      const before = await presentOf(em(), input.runId);
      if (before?.isKept) return;
      const { signal } = { signal: Context.current().cancellationSignal };
      if (before) await removeBackup({ place: deps.backupPlace, tenantId: input.tenantId, backupId: before.backupId });
      const backupId = await beginPresent(em(), input);
      const target = await targetOf(deps, input.tenantId, backupId);
      const signer = await signerOf(em(), deps.installation);
      const { lockDays } = deps.configuration.backups;
      const lockedUntil = lockDays > 0 ? new Date(Date.now() + lockDays * 86_400_000) : null;
      const written = await copyTenant(
        (await targetsOf(deps, input)).map(({ provider, spec }) => ({ provider, ref: spec })),
        target,
        { installationId: deps.installation.id, ...(lockedUntil ? { lockedUntil } : {}) },
        { signer, signal },
      );
      await keepPresent(em(), input.runId, { backupId, written, lockedUntil });
    },

    'restored.ensure': async (input: StepInput): Promise<void> => {
      const restore = await restoreOf(em(), input.runId);
      await refuseErased(deps, restore);
      const { target, keys } = await sourceOf(deps, restore);
      const backup = await openBackup(target, { keys });
      const targets = await targetsOf(deps, input);
      await noteBegun(em(), restore.runId);
      const { signal } = { signal: Context.current().cancellationSignal };
      const startedAt = performance.now();
      if (restore.mode === 'refill') await remake(targets, restore.lost, signal);
      const choice =
        restore.mode === 'refill'
          ? Object.fromEntries(restore.lost.map((kind) => [kind, null]))
          : isOwn(restore)
            ? await choiceOf(deps.tenantKeys, restore)
            : openChoiceWith(target.key, restore);
      const restored = await bringBackTenant(targets, backup, choice, signal);
      await settle(targets, signal);
      await noteOutcome(em(), restore, restored);
      countRestore(isOwn(restore) ? restore.mode : 'arrival', (performance.now() - startedAt) / 1_000);
    },

    /** In place, what was there before; beside, the resources go with what is in them. */
    'restored.destroy': async (input: StepInput): Promise<void> => {
      const restore = await findRestore(em(), input.runId);
      if (restore?.mode !== 'in_place' || !restore.hasBegun || !restore.beforeBackupId) return;
      const { signal } = { signal: Context.current().cancellationSignal };
      const backup = await openIts(deps, restore.tenantId, restore.beforeBackupId);
      const targets = await targetsOf(deps, input);
      await bringBackTenant(targets, backup, null, signal);
      await settle(targets, signal);
      const people = await peopleOf(backup, signal);
      await removePeopleSince(em(), restore.tenantId, people);
      await notePutBack(em(), restore.runId);
    },

    'restore.close': async (ref: RunRef): Promise<void> => {
      const epoch = await closeRestore(deps.ledger, ref);
      if (epoch !== null) announceAccess(deps.announcer, epoch);
    },
  };
};

const keysOf = async ({ registry }: Pick<Deps, 'registry'>): Promise<KeyBook> =>
  new KeyBook(await listKeys(registry.em.fork()));

async function targetOf(
  { backupPlace: place, tenantKeys }: Pick<Deps, 'backupPlace' | 'tenantKeys'>,
  tenantId: string,
  backupId: string,
): Promise<BackupTarget> {
  return { place, key: await tenantKeys.of(tenantId), tenantId, backupId };
}

/** What is brought back, and whose signatures are believed of it: our own, or those that a person compared. */
async function sourceOf(deps: Deps, restore: RestoreRow): Promise<{ target: BackupTarget; keys: KeyBook }> {
  if (!isOwn(restore)) return arrivedBackup(deps.registry.em.fork(), deps, restore.arrivalId!);
  return { target: await targetOf(deps, restore.sourceTenantId, restore.backupId), keys: await keysOf(deps) };
}

const openIts = async (deps: Deps, tenantId: string, backupId: string): Promise<OpenBackup> =>
  openBackup(await targetOf(deps, tenantId, backupId), { keys: await keysOf(deps) });

async function targetsOf(deps: Deps, ref: RunRef): Promise<RestoreTarget[]> {
  return (await specsOf(deps, ref)).flatMap(({ provider: kind, ...spec }) => {
    const provider = deps.providers[kind];
    return provider ? [{ provider, spec }] : [];
  });
}

/** Empty, and closed to everybody until it is filled. */
async function remake(targets: readonly RestoreTarget[], lost: readonly string[], signal: AbortSignal): Promise<void> {
  for (const { provider, spec } of targets) {
    if (!lost.includes(provider.kind)) continue;
    await provider.reopen?.(spec);
    await provider.ensure(spec, signal);
  }
}

/** What is newer than the backup and belongs to every tenant comes with `ensure`: migrations, rights, who may use it. */
async function settle(targets: readonly RestoreTarget[], signal: AbortSignal): Promise<void> {
  for (const { provider, spec } of targets) await provider.ensure(spec, signal);
}

/** The ledger is kept apart from the registry, which may be an earlier one: whoever was erased is not brought back. */
async function refuseErased(deps: Deps, restore: RestoreRow): Promise<void> {
  const ledger = openErasureLedger(deps.configuration);
  if (!isOwn(restore)) {
    const { target } = await sourceOf(deps, restore);
    return refuseErasedOrigin(deps.registry.em.fork(), ledger, target.place, target.tenantId);
  }
  for await (const { anchor } of ledger.lines())
    if (anchor?.tenant === restore.sourceTenantId)
      throw new DomainError(
        'tenant_erased',
        'This tenant was erased, as the erasure ledger says: it is not brought back.',
      );
}
