import { openRestoreBeside, openRestoreInPlace } from '#domain/backups/restoring/openRestore.ts';
import { openRefill } from '#domain/backups/refilling/openRefill.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { schemaNameOf } from '#domain/resources/names.ts';
import { rows } from '#domain/sql.ts';
import { inTenant } from '#test/scenarios/offboarding/leavingTenant.ts';
import { keepBackup } from '#test/scenarios/backups/keepBackup.ts';
import type { Acknowledged, Ground } from '../../ground.ts';
import { local, step, undo, written } from '../places.ts';
import { provisioned, type Story } from '../story.ts';

const resources = ['database', 'realm', 'storage'];

/** Tenants that have a backup. */
async function backedUp(ground: Ground, labels: string[]): Promise<Acknowledged[]> {
  const tenants = await provisioned([])(ground, labels);
  for (const { tenantId } of tenants) await keepBackup(ground.installation, tenantId);
  return tenants;
}

const opened =
  (
    open: (of: { ground: Ground; tenant: Acknowledged; backupId: string; label: string }) => Promise<{
      runId: string;
      tenantId: string;
    }>,
  ): Story['open'] =>
  async (ground, tenant, label) => {
    if (!tenant) throw new Error('no tenant was prepared');
    const { installation } = ground;
    const [backup] = await rows<{ id: string }>(installation.em)`
      select id from backups where tenant_id = ${tenant.tenantId} and state = 'kept'`;
    await installation.platform.tenantKeys.find(tenant.tenantId);
    const { runId, tenantId } = await open({ ground, tenant, backupId: backup?.id ?? '', label });
    return { runId, subject: tenantId };
  };

const inPlace = opened(({ ground: { installation }, tenant: { tenantId, slug }, backupId }) =>
  installation.em.transactional((em) =>
    openRestoreInPlace(em, installation.platform.tenantKeys, tenantId, { backupId, confirm: slug }, theSystem),
  ),
);

const restore: Story = {
  title: 'a tenant is restored in place',
  kind: 'restoreTenant',
  places: [
    ...step('restorable', 'restorable.check', 'done'),
    ...resources.flatMap((provider) => local(provider, `${provider}.suspend`, false)),
    ...step('present', 'present.check', 'done'),
    ...step('restored', 'restored.ensure', 'done'),
    ...resources.flatMap((provider) => local(provider, `${provider}.open`, false)),
    ...step('tenant', 'tenant.check', 'done'),
    ...written('restore', 'restore.close'),
  ],
  fails: [],
  prepare: backedUp,
  open: inPlace,
  ends: { run: 'succeeded', tenant: 'active' },
};

const rollBack: Story = {
  title: 'a restore in place is rolled back',
  kind: 'restoreTenant',
  places: undo('restored'),
  fails: [{ at: 'restore.close', when: 'before' }],
  prepare: backedUp,
  open: inPlace,
  ends: { run: 'rolled_back', tenant: 'active' },
};

const beside: Story = {
  title: 'a tenant is made from the backup of another',
  kind: 'provisionTenant',
  places: [...step('restorable', 'restorable.check', 'done'), ...step('restored', 'restored.ensure', 'done')],
  fails: [],
  prepare: backedUp,
  open: opened(({ ground: { installation }, tenant: { tenantId }, backupId, label }) =>
    installation.em.transactional((em) =>
      openRestoreBeside(
        em,
        installation.platform.tenantKeys,
        tenantId,
        { backupId, name: `Beside ${label}` },
        theSystem,
      ),
    ),
  ),
  ends: { run: 'succeeded', tenant: 'active' },
};

const refill: Story = {
  title: 'tenants that lost their data are filled again',
  kind: 'refillFleet',
  places: written('refill', 'refill.turn'),
  fails: [],
  prepare: backedUp,
  async open({ installation }, tenant) {
    if (!tenant) throw new Error('no tenant was prepared');
    await inTenant(installation, tenant.tenantId, `drop schema ${schemaNameOf(tenant.tenantId)} cascade`);
    const runId = await installation.em.transactional((em) => openRefill(em, theSystem));
    return { runId, subject: runId };
  },
  ends: { run: 'succeeded', tenant: null },
  alone: true,
  mend: ({ installation }) => installation.em.transactional((em) => openRefill(em, theSystem)),
};

export const restoreStories: readonly Story[] = [restore, rollBack, beside, refill];
