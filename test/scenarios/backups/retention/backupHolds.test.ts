import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { removeOldBackups } from '#activities/backups/removing.ts';
import { usualBackupRules } from '#contracts/backups/policies.ts';
import { changePolicy } from '#domain/backups/policies/changePolicy.ts';
import { viewPolicy } from '#domain/backups/policies/viewPolicies.ts';
import { liftHoldOnBackup, listHoldsOnBackup, setHoldOnBackup } from '#domain/backups/retention/backupHolds.ts';
import { viewBackup } from '#domain/backups/viewing/viewBackups.ts';
import { viewTenantBackups } from '#domain/backups/viewing/viewTenantBackups.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { liftLegalHold, setLegalHold } from '#domain/offboarding/legalHolds.ts';
import { openRemoval } from '#domain/tenants/openRemoval.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { BackupWorld } from '../backupWorld.ts';

const dayMs = 86_400_000;

describe('backups under a legal hold of their own', () => {
  let installation: TestInstallation;
  let world: BackupWorld;
  before(async () => {
    installation = await TestInstallation.start();
    world = new BackupWorld(installation);
    await installation.startWorker();
    const { version } = await viewPolicy(installation.em, 'standard');
    const keep = { last: 1, days: 2, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
    const rules = { ...usualBackupRules, enabled: false, keep };
    await installation.em.transactional((em) =>
      changePolicy(em, 'standard', { rules, expectedVersion: version }, theSystem),
    );
  });
  after(() => installation.stop());

  /** A tenant with a backup of each of so many days ago. */
  async function tenantWith(...days: number[]) {
    const { tenantId } = await installation.provision({ name: `Held ${days.length}` });
    const ids: string[] = [];
    for (const day of days) ids.push((await world.make(tenantId, new Date(Date.now() - day * dayMs))).id);
    return { tenantId, ids };
  }
  const clear = () =>
    removeOldBackups(
      { registry: installation.platform.registry, backupPlace: world.place },
      installation.em,
      new Date(),
      100,
    );
  const look = (tenantId: string) =>
    installation.asAdmin(null, 'update tenant_backups set looked_at = null where tenant_id = $1', [tenantId]);
  const statesOf = async (tenantId: string) => (await world.rowsOf(tenantId)).map(({ state }) => state);

  it('stay one by one while a legal hold is set on them, beyond count and days, and go after it', async () => {
    const { tenantId, ids } = await tenantWith(9, 8, 1);
    const [held, going] = ids as [string, string, string];
    const { tenantKeys } = installation.platform;
    await tenantKeys.find(tenantId);
    const set = (backupId: string) =>
      installation.em.transactional((em) =>
        setHoldOnBackup(em, tenantKeys, { tenantId, backupId }, 'Case 31', theSystem),
      );
    await set(held);
    await assert.rejects(set(held), { code: 'legal_hold_open' });
    await clear();
    assert.deepEqual(await statesOf(tenantId), ['kept', 'removed', 'kept']);
    assert.deepEqual(await world.filesOf(tenantId), [held, ids[2]].toSorted());
    const shown = await viewBackup(installation.em, tenantId, held);
    assert.deepEqual([shown.stays, shown.isHeld, shown.may.hold], [['held'], true, false]);
    assert.equal((await viewTenantBackups(installation.em, tenantId)).isHeld, false);
    await assert.rejects(set(going), { code: 'backup_not_found' });
    await assert.rejects(set(randomUUID()), { code: 'not_found' });
    const [told] = await listHoldsOnBackup(installation.em, tenantKeys, { tenantId, backupId: held });
    assert.deepEqual([told?.reason, told?.backupId, told?.liftedAt], ['Case 31', held, null]);

    // What the hold of its tenant does is another thing: one can be lifted without the other.
    await installation.em.transactional((em) => setLegalHold(em, tenantKeys, tenantId, 'Case 32', theSystem));
    await installation.em.transactional((em) => liftLegalHold(em, tenantId, theSystem));
    await look(tenantId);
    await clear();
    assert.deepEqual(await statesOf(tenantId), ['kept', 'removed', 'kept']);
    await installation.em.transactional((em) => liftHoldOnBackup(em, { tenantId, backupId: held }, theSystem));
    await look(tenantId);
    await clear();
    assert.deepEqual(await statesOf(tenantId), ['removed', 'removed', 'kept']);
    assert.deepEqual(await world.eventsOf(`backup:${held}`), [
      ...['backup.made', 'legal_hold.set', 'legal_hold.lifted', 'backup.removed'],
    ]);
  });

  it('forbid that their tenant is erased while a legal hold is set on one of them', async () => {
    const { tenantId, ids } = await tenantWith(1);
    const { em, platform } = installation;
    await platform.tenantKeys.find(tenantId);
    const of = { tenantId, backupId: ids[0]! };
    await em.transactional((tx) => setHoldOnBackup(tx, platform.tenantKeys, of, 'Case 33', theSystem));
    const [address] = await installation.asAdmin<{ slug: string }>(
      null,
      `select slug from tenant_addresses where tenant_id = $1 and state = 'current'`,
      [tenantId],
    );
    const remove = () => em.transactional((tx) => openRemoval(tx, tenantId, address!.slug, theSystem));
    await assert.rejects(remove(), { code: 'legal_hold' });
    assert.deepEqual(await statesOf(tenantId), ['kept']);
    await em.transactional((tx) => liftHoldOnBackup(tx, of, theSystem));
    await remove();
    const again = () => em.transactional((tx) => setHoldOnBackup(tx, platform.tenantKeys, of, 'Case 34', theSystem));
    await assert.rejects(again(), { code: 'tenant_erased' });
  });
}).timeout(120_000);
