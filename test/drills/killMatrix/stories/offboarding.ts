import { theSystem } from '#domain/events/appendEvent.ts';
import { openShredding } from '#domain/erasure/shredding.ts';
import { openOffboarding } from '#domain/offboarding/openOffboarding.ts';
import { openRemoval } from '#domain/tenants/openRemoval.ts';
import type { Acknowledged, Ground } from '../../ground.ts';
import { noted, step, written } from '../places.ts';
import { patienceMs, provisioned, type Story } from '../story.ts';

const leave: Story = {
  title: 'a tenant is offboarded',
  kind: 'offboardTenant',
  places: [
    ...step('leaving', 'leaving.ensure', 'done'),
    ...step('export', 'export.ensure', 'done'),
    ...written('export', 'export.check'),
    ...step('handover', 'handover.ensure', 'done'),
    ...written('grace', 'grace.look'),
    ...written('exports', 'erasure.countBefore'),
    ...step('storage', 'storage.destroy', 'done'),
    ...step('realm', 'realm.destroy', 'done'),
    ...step('database', 'database.destroy', 'done'),
    ...written('exports', 'erasure.removeExports'),
    ...written('exports', 'erasure.countAfter'),
    ...noted('registry', 'ledger.closeRemoval'),
    ...written('registry', 'erasure.followUp'),
  ],
  fails: [],
  prepare: provisioned([]),
  async open(ground, tenant) {
    if (!tenant) throw new Error('no tenant was prepared');
    const { tenantId, slug } = tenant;
    const { installation } = ground;
    const { runId } = await installation.em.transactional((em) =>
      openOffboarding(em, installation.configuration, tenantId, { confirm: slug, graceDays: 0 }, theSystem),
    );
    return { runId, subject: tenantId };
  },
  ends: { run: 'succeeded', tenant: 'erased' },
};

/** Tenants that were removed, with their keys: what is destroyed, written down and certified once stays so. */
async function removed(ground: Ground, labels: string[]): Promise<Acknowledged[]> {
  const tenants = await provisioned([])(ground, labels);
  for (const { tenantId, slug } of tenants) {
    const { runId } = await ground.installation.em.transactional((em) => openRemoval(em, tenantId, slug, theSystem));
    await ground.start(runId);
  }
  await ground.settled(
    tenants.map(({ tenantId }) => tenantId),
    patienceMs,
  );
  for (const { tenantId } of tenants)
    await ground.installation.until('its key to be destroyed', patienceMs, async () => {
      const [row] = await ground.installation.asAdmin(
        null,
        'select 1 from erasures where tenant_id = $1 and certified_at is not null',
        [tenantId],
      );
      return row;
    });
  return tenants;
}

const shred: Story = {
  title: "an erased tenant's key is destroyed",
  kind: 'shredTenantKey',
  places: [
    ...written('workflows', 'shredding.workflowsHaveEnded'),
    ...written('key', 'shredding.destroyKey'),
    ...noted('memory', 'memory.done'),
    ...written('certificate', 'shredding.certify'),
    ...written('certificate', 'shredding.close'),
  ],
  fails: [],
  prepare: removed,
  async open(ground, tenant) {
    if (!tenant) throw new Error('no tenant was prepared');
    const { installation } = ground;
    const runId = await installation.em.transactional(async (em) => {
      // As it was before: nothing of it is written down.
      await em.execute('update erasures set certified_at = null, ledger_number = null where tenant_id = ?', [
        tenant.tenantId,
      ]);
      return openShredding(em, tenant.tenantId, null, theSystem);
    });
    return { runId, subject: runId };
  },
  ends: { run: 'succeeded', tenant: null },
};

export const offboardingStories: readonly Story[] = [leave, shred];
