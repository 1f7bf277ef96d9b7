import { v7 as newId } from 'uuid';
import type { NewRestore, NewRestoreBeside } from '#contracts/backups/restores.ts';
import { DomainError } from '#contracts/errors.ts';
import { bumpAccessEpoch } from '../../access/epoch.ts';
import type { Sql } from '../../database.ts';
import type { Actor } from '../../events/appendEvent.ts';
import { refuseWhileOffboarding } from '../../offboarding/offboardingRow.ts';
import { addSteps, openRun, type NewStep } from '../../runs/openRun.ts';
import { notReversible } from '../../runs/reversing.ts';
import type { TenantKeys } from '../../secrets/tenantKeys.ts';
import { rows } from '../../sql.ts';
import { accessStep, lockTenant } from '../../suspension/openSuspension.ts';
import { moveTenant } from '../../tenants/moveTenant.ts';
import { registerTenant } from '../../tenants/registerTenant.ts';
import { unfinishedRefill } from '../refilling/unfinishedRefill.ts';
import { restorableBackup } from './restorableBackup.ts';
import { sealChoice, writeRestore } from './restoreRow.ts';

export interface OpenedRestore {
  runId: string;
  tenantId: string;
  slug: string;
  /** To be announced after the commit, where the tenant's doors closed with it. */
  epoch: number | null;
}

const bringBack: NewStep = {
  title: 'Bring back what the backup holds',
  kind: 'resource',
  provider: 'restored',
  act: 'restored.ensure',
  undo: 'restored.destroy',
};

const check = (title: string, provider: string): NewStep => ({
  ...{ title, kind: 'check', provider, act: `${provider}.check`, undo: null },
});

/** What makes a provisioning bring something back. */
export const fillingSteps: NewStep[] = [check('Read the whole backup', 'restorable'), bringBack];

/**
 * Opens the run that puts what a backup holds in the place of what a tenant has now, in the caller's transaction, with the tenant's key read before. The
 * doors close with it; what is there is backed up before anything of it is replaced.
 * Refuses with `not_found`, `tenant_erased`, `tenant_not_active`, `confirmation_mismatch`, `offboarding_open`, `backup_not_found`,
 * `backup_damaged`, `run_in_progress`.
 */
export async function openRestoreInPlace(
  em: Sql,
  keys: TenantKeys,
  tenantId: string,
  wanted: NewRestore,
  actor: Actor,
): Promise<OpenedRestore> {
  const tenant = await lockTenant(em, tenantId);
  refuseState(tenant.state);
  if (wanted.confirm !== tenant.slug)
    throw new DomainError('confirmation_mismatch', "Type the tenant's address to confirm that its data is replaced.", {
      fields: [{ path: 'confirm', message: "must be the tenant's address" }],
    });
  return writeInPlace(em, keys, { tenantId, tenant, wanted }, actor);
}

/** The way back: what was there before it, in the place of what it brought back. */
export async function openReverseRestore(
  em: Sql,
  { id, tenantId }: { id: string; tenantId: string },
  actor: Actor,
  { tenantKeys }: { tenantKeys: TenantKeys },
): Promise<{ tenantId: string; slug: string; runId: string }> {
  const tenant = await lockTenant(em, tenantId);
  refuseState(tenant.state);
  const [restore] = await rows<{ before: string | null; later: boolean }>(em)`
    select before_backup_id as before, exists (
      select 1 from restores later join runs r on r.id = later.run_id
      where later.tenant_id = ${tenantId} and later.mode = 'in_place' and later.created_at > restores.created_at and r.state = 'succeeded') as later
    from restores where run_id = ${id} and mode = 'in_place'`;
  if (!restore?.before) throw notReversible('What was there before was not kept.');
  if (restore.later) throw notReversible('The tenant was restored again since: take back the later restore first.');
  const wanted = { backupId: restore.before };
  const { runId, slug } = await writeInPlace(em, tenantKeys, { tenantId, tenant, wanted, reverseOf: id }, actor);
  return { tenantId, runId, slug };
}

function refuseState(state: string): void {
  if (state === 'erased' || state === 'rolled_back')
    throw new DomainError('tenant_erased', 'Nothing is left of this tenant.');
  if (state !== 'active' && state !== 'suspended')
    throw new DomainError(
      'tenant_not_active',
      `The tenant is ${state}: only one that is active or suspended is restored in place.`,
    );
}

async function writeInPlace(
  em: Sql,
  keys: TenantKeys,
  of: {
    tenantId: string;
    tenant: { state: string; attention: boolean; slug: string | null };
    wanted: Pick<NewRestore, 'backupId' | 'only'>;
    reverseOf?: string;
  },
  actor: Actor,
): Promise<OpenedRestore> {
  const { tenantId, tenant, wanted, reverseOf } = of;
  await refuseWhileOffboarding(em, tenantId);
  await restorableBackup(em, tenantId, wanted.backupId);
  const runId = newId();
  await openRun(
    em,
    {
      ...{ id: runId, kind: 'restoreTenant', tenantId, exclusive: true, cancellable: true },
      ...(reverseOf ? { reverseOf } : {}),
    },
    actor,
  );
  // What a refill closed and could not fill is this restore's to open again.
  const refill = await unfinishedRefill(em, tenantId);
  const wasOpen = tenant.state === 'active' || (refill?.wasOpen ?? false);
  await writeRestore(em, {
    ...{ runId, mode: 'in_place', tenantId, sourceTenantId: tenantId, backupId: wanted.backupId, wasOpen },
    sealedChoice: await sealChoice(keys, tenantId, runId, wanted.only),
  });
  const open = await rows<{ id: string; provider: string }>(em)`
    select id, provider from resources where tenant_id = ${tenantId} and state = 'present'
      and (access = 'open' or id = any(${refill?.closed ?? []}::uuid[])) order by position`;
  await addSteps(em, runId, [
    check('Read the whole backup', 'restorable'),
    ...open.map((resource) => accessStep(resource, 'suspend')),
    check('Back up what is there now', 'present'),
    bringBack,
    ...open.map((resource) => accessStep(resource, 'open')),
    ...(wasOpen ? [check('Check that everything answers', 'tenant')] : []),
    {
      ...{ title: wasOpen ? 'Open the doors' : 'End the restore', kind: 'fixed', provider: 'restore' },
      ...{ act: 'restore.close', undo: null },
    },
  ]);
  let epoch: number | null = null;
  if (tenant.state === 'active') {
    await moveTenant(em, tenantId, { to: 'suspended', attention: tenant.attention }, actor);
    epoch = await bumpAccessEpoch(em);
  }
  return { runId, tenantId, slug: tenant.slug ?? '', epoch };
}

/**
 * Registers a tenant that is made from a backup of another, and opens its provisioning, in the caller's transaction, with the source's key read before.
 * The other stays as it is. Refuses with `not_found`, `tenant_erased`, `backup_not_found`, `backup_damaged`, `slug_taken`.
 */
export async function openRestoreBeside(
  em: Sql,
  keys: TenantKeys,
  sourceTenantId: string,
  { backupId, only, name, slug }: NewRestoreBeside,
  actor: Actor,
): Promise<OpenedRestore> {
  const [source] = await rows<{ state: string; plan: string; region: string }>(em)`
    select state, plan, region from tenants where id = ${sourceTenantId} for share`;
  if (!source) throw new DomainError('not_found', 'There is no such tenant.');
  if (source.state === 'erased' || source.state === 'rolled_back')
    throw new DomainError('tenant_erased', 'Nothing is left of this tenant, and its backups cannot be read.');
  await restorableBackup(em, sourceTenantId, backupId);
  const { plan, region } = source;
  const made = await registerTenant(
    em,
    keys,
    { name, plan, region, ...(slug ? { slug } : {}) },
    actor,
    undefined,
    fillingSteps,
  );
  const { runId, tenantId } = made;
  await writeRestore(em, {
    ...{ runId, mode: 'beside', tenantId, sourceTenantId, backupId, wasOpen: false },
    sealedChoice: await sealChoice(keys, sourceTenantId, runId, only),
  });
  return { runId, tenantId, slug: made.slug, epoch: null };
}
