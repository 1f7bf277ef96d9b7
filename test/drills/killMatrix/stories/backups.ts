import { openFleetBackupNow } from '#domain/backups/fleet/openFleetBackup.ts';
import { openBackup, openVerification } from '#domain/backups/runs/openBackup.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { rows } from '#domain/sql.ts';
import { backNothingUpByTheClock, type Acknowledged, type Ground } from '../../ground.ts';
import { noted, step, written } from '../places.ts';
import { opening, patienceMs, provisioned, type Story } from '../story.ts';

const open = opening((em, { tenantId }) => openBackup(em, { tenantId, cause: 'asked' }, theSystem));

const made: Story = {
  title: 'a tenant is backed up',
  kind: 'backupTenant',
  places: [
    ...step('backup.write', 'backup.write', 'done'),
    ...step('backup.check', 'backup.check', 'done'),
    ...noted('backup.check', 'backup.closeKept'),
  ],
  fails: [],
  prepare: provisioned([]),
  open,
  ends: { run: 'succeeded', tenant: 'active' },
};

const takenBack: Story = {
  title: 'a backup that cannot be read again is taken back',
  kind: 'backupTenant',
  places: [
    ...noted('backup.write', 'ledger.startRollback'),
    ...written('backup.write', 'backup.discard'),
    ...noted('backup.write', 'backup.write.undone'),
    ...noted('backup.write', 'backup.closeTakenBack'),
  ],
  fails: [{ at: 'backup.check', when: 'before' }],
  prepare: provisioned([]),
  open,
  ends: { run: 'rolled_back', tenant: 'active' },
};

/** Tenants each of which has a backup. */
async function backedUp(ground: Ground, labels: string[]): Promise<Acknowledged[]> {
  const tenants = await provisioned([])(ground, labels);
  for (const tenant of tenants) await ground.start((await open(ground, tenant, '')).runId);
  await ground.settled(
    tenants.map(({ tenantId }) => tenantId),
    patienceMs,
  );
  return tenants;
}

const verified: Story = {
  title: 'a backup is read again',
  kind: 'verifyBackup',
  places: [...step('backup.read', 'backup.read', 'done'), ...noted('backup.read', 'backup.closeVerified')],
  fails: [],
  prepare: backedUp,
  open: opening(async (em, { tenantId }) => {
    const [kept] = await rows<{ id: string }>(em)`
      select id from backups where tenant_id = ${tenantId} and state = 'kept' limit 1`;
    if (!kept) throw new Error('no backup was prepared');
    return openVerification(em, { tenantId, backupId: kept.id }, theSystem);
  }),
  ends: { run: 'succeeded', tenant: 'active' },
};

const fleet: Story = {
  title: 'the tenants of a plan are backed up',
  kind: 'backupFleet',
  places: written('backups', 'backups.turn'),
  fails: [],
  prepare: provisioned([]),
  async open({ installation }, tenant) {
    if (!tenant) throw new Error('no tenant was prepared');
    const plan = `nightly-${tenant.tenantId.slice(-12)}`;
    await installation.addPlan(plan, []);
    await backNothingUpByTheClock(installation);
    await installation.asAdmin(null, 'update tenants set plan = $2 where id = $1', [tenant.tenantId, plan]);
    const runId = await installation.em.transactional((em) => openFleetBackupNow(em, plan, new Date(), theSystem));
    return { runId, subject: runId };
  },
  ends: { run: 'succeeded', tenant: null },
};

export const backupStories: readonly Story[] = [made, takenBack, verified, fleet];
