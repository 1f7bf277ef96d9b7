import { openDrill } from '#domain/backups/drills/openDrill.ts';
import { openFleetDrill } from '#domain/backups/drills/openFleetDrill.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { keepBackup } from '#test/scenarios/backups/keepBackup.ts';
import { backNothingUpByTheClock, type Ground } from '../../ground.ts';
import { noted, step, undo, written } from '../places.ts';
import { opening, provisioned, type Story } from '../story.ts';

/** Tenants of whom a backup lies in the place. */
const backedUp = async (ground: Ground, labels: string[]) => {
  const tenants = await provisioned([])(ground, labels);
  for (const { tenantId } of tenants) await keepBackup(ground.installation, tenantId);
  return tenants;
};
const open = opening((em, { tenantId }) => openDrill(em, tenantId, {}, theSystem));

const proven: Story = {
  title: 'a backup is proven',
  kind: 'drillTenant',
  places: [
    ...step('drill', 'drill.ensure', 'done'),
    ...written('drill', 'drill.check'),
    ...written('drill', 'drill.destroy'),
    ...noted('drill', 'drill.closeProven'),
  ],
  fails: [],
  prepare: backedUp,
  open,
  ends: { run: 'succeeded', tenant: 'active' },
};

const notProven: Story = {
  title: 'a backup is not proven, and nothing of the drill stays',
  kind: 'drillTenant',
  places: undo('drill'),
  fails: [{ at: 'drill.check', when: 'before' }],
  prepare: backedUp,
  open,
  ends: { run: 'rolled_back', tenant: 'active' },
};

const ofMany: Story = {
  title: 'the backups of a plan are proven',
  kind: 'drillFleet',
  places: written('drills', 'drills.turn'),
  fails: [],
  prepare: backedUp,
  async open({ installation }, tenant) {
    if (!tenant) throw new Error('no tenant was prepared');
    const plan = `drilled-${tenant.tenantId.slice(-12)}`;
    await installation.addPlan(plan, []);
    await backNothingUpByTheClock(installation);
    await installation.asAdmin(null, 'update tenants set plan = $2 where id = $1', [tenant.tenantId, plan]);
    const runId = await installation.em.transactional((em) => openFleetDrill(em, plan, theSystem));
    return { runId, subject: runId };
  },
  ends: { run: 'succeeded', tenant: null },
};

export const drillStories: readonly Story[] = [proven, notProven, ofMany];
