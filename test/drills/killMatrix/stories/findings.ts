import { openCheck } from '#domain/drift/check.ts';
import { openRepair } from '#domain/drift/repair.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openOrphanRemoval } from '#domain/orphans/removeOrphan.ts';
import { openSweep } from '#domain/orphans/sweep.ts';
import { openRetention } from '#domain/retention/applyRetention.ts';
import { rows } from '#domain/sql.ts';
import type { Acknowledged, Ground } from '../../ground.ts';
import { step, written } from '../places.ts';
import { plantOrphan } from '../plantOrphan.ts';
import { ofPlatform, opening, patienceMs, provisioned, type Story } from '../story.ts';
import { remove } from './provisioning.ts';

const checkForDrift: Story = {
  title: 'a tenant is compared with what was made',
  kind: 'checkDrift',
  places: [...written('drift', 'drift.checkBatch'), ...written('drift', 'drift.closeCheck')],
  fails: [],
  prepare: provisioned([]),
  open: opening(async (em, { tenantId }) => ({ runId: await openCheck(em, tenantId, theSystem) })),
  ends: { run: 'succeeded', tenant: 'active' },
};

/** Tenants whose realms were changed behind our back, and it was noticed. */
async function drifted(ground: Ground, labels: string[]): Promise<Acknowledged[]> {
  const tenants = await provisioned([])(ground, labels);
  const tenantIds = tenants.map(({ tenantId }) => tenantId);
  await ground.ask(`update realms set access = 'suspended' where tenant_id = any($1)`, [tenantIds]);
  for (const tenant of tenants) await ground.start((await checkForDrift.open(ground, tenant, '')).runId);
  await ground.settled(tenantIds, patienceMs);
  return tenants;
}

const repair: Story = {
  title: 'what drifted is mended',
  kind: 'repairResource',
  places: [...step('realm', 'realm.ensure', 'done', true), ...written('drift', 'drift.closeRepair')],
  fails: [],
  prepare: drifted,
  open: opening(async (em, { tenantId }) => {
    const [finding] = await rows<{ id: string }>(em)`
      select id from drift_findings where tenant_id = ${tenantId} and state = 'open'`;
    if (!finding) throw new Error('what drifted was not noticed');
    return openRepair(em, finding.id, theSystem);
  }),
  ends: { run: 'succeeded', tenant: 'active' },
};

const sweep = ofPlatform(
  {
    title: 'everything outside is compared with the registry',
    kind: 'sweepOrphans',
    places: [...written('orphans', 'orphans.sweepPage'), ...written('orphans', 'orphans.compare')],
  },
  openSweep,
);

const clearAway = ofPlatform(
  {
    title: 'what was kept for long enough is cleared away',
    kind: 'applyRetention',
    places: written('retention', 'retention.clear'),
  },
  openRetention,
);

const removeAnOrphan: Story = {
  title: 'an orphan is removed',
  kind: 'removeOrphan',
  places: [...written('orphans', 'orphans.remove'), ...written('orphans', 'orphans.closeRemoval')],
  fails: [],
  async prepare(ground, labels) {
    const tenants = await provisioned([])(ground, labels);
    for (const tenant of tenants) await ground.start((await remove.open(ground, tenant, '')).runId);
    await ground.settled(
      tenants.map(({ tenantId }) => tenantId),
      patienceMs,
    );
    await Promise.all(tenants.map(({ tenantId }) => plantOrphan(ground, tenantId)));
    const { runId } = await sweep.open(ground, null, '');
    await ground.start(runId);
    await ground.settled([runId], patienceMs);
    return labels.map(() => null);
  },
  async open({ installation }) {
    const runId = await installation.em.transactional(async (em) => {
      const [finding] = await rows<{ id: string }>(em)`
        select id from orphan_findings where state = 'open' and removal_run_id is null limit 1 for update skip locked`;
      if (!finding) throw new Error('the planted orphan was not found');
      return openOrphanRemoval(em, finding.id, 0, theSystem);
    });
    return { runId, subject: runId };
  },
  ends: { run: 'succeeded', tenant: null },
};

export const findingStories: readonly Story[] = [checkForDrift, repair, sweep, clearAway, removeAnOrphan];
