import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CreateBucketCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { goOnErasing } from '#activities/platform/eraseLeft.ts';
import { removeOldBackups } from '#activities/backups/removing.ts';
import { usualBackupRules } from '#contracts/backups/policies.ts';
import { folderOf, folderOfTenant, manifestKeyOf, partKeyOf } from '#domain/backups/format/manifest.ts';
import { cardKeyOf } from '#domain/backups/format/tenantCard.ts';
import { openPlatformBackup } from '#domain/backups/platform/platformBackups.ts';
import { platformFolder } from '#domain/backups/platform/platformManifest.ts';
import { listPlatformBackups, verifyPlatformBackup } from '#domain/backups/platform/readPlatformBackup.ts';
import { changePolicy } from '#domain/backups/policies/changePolicy.ts';
import { viewPolicy } from '#domain/backups/policies/viewPolicies.ts';
import { viewBackup } from '#domain/backups/viewing/viewBackups.ts';
import { readCertificate } from '#domain/erasure/certificates.ts';
import { readStays } from '#domain/erasure/keptByLock.ts';
import { verifyCertificate } from '#domain/erasure/verifyCertificate.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { folderOfTenant as exportsOfTenant } from '#domain/exports/manifest.ts';
import { viewTenantEnd } from '#domain/offboarding/viewEnd.ts';
import { openPlace } from '#domain/places/openPlace.ts';
import { startRun } from '#temporal/startRun.ts';
import { certified } from '#test/scenarios/offboarding/leavingTenant.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { NoGateway, startGateway, type Gateway } from '#test/servers/versityGateway.ts';
import { BackupWorld } from '../backupWorld.ts';

const dayMs = 86_400_000;
const Bucket = 'locking';

describe('a bucket with object lock', function () {
  this.timeout(600_000);
  let root: string;
  let gateway: Gateway;
  let s3: S3Client;
  let installation: TestInstallation;
  let world: BackupWorld;
  const former = { ...process.env };

  before(async function () {
    root = await mkdtemp(join(tmpdir(), 'tenantry-locked-'));
    try {
      gateway = await startGateway(root, ['plain'], { keepsMetadata: true, keepsVersions: true });
    } catch (error) {
      if (!(error instanceof NoGateway) || process.env['CI']) throw error;
      console.error(`\n✖ NOT CHECKED: retention and erasure in a bucket with object lock. ${error.message}\n`);
      return this.skip();
    }
    Object.assign(process.env, gateway.env);
    s3 = new S3Client({ forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
    const place = `s3://${Bucket}/tenantry`;
    installation = await TestInstallation.start({
      ...{ TENANTRY_BACKUP_PLACE: place, TENANTRY_PLACE: place, TENANTRY_PLATFORM_BACKUPS_KEPT: '1' },
    });
    world = new BackupWorld(installation);
    await installation.startWorker();
    const { version } = await viewPolicy(installation.em, 'standard');
    const keep = { last: 1, days: 2, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
    const rules = { ...usualBackupRules, enabled: false, keep };
    await installation.em.transactional((em) =>
      changePolicy(em, 'standard', { rules, expectedVersion: version }, theSystem),
    );
  });
  after(async () => {
    await installation?.stop();
    s3?.destroy();
    for (const name of Object.keys(gateway?.env ?? {}))
      if (former[name] === undefined) delete process.env[name];
      else process.env[name] = former[name];
    await gateway?.stop();
    await rm(root, { recursive: true, force: true });
  });

  const keysOf = async (folder: string): Promise<string[]> => {
    const keys: string[] = [];
    for await (const { key } of world.place.list(folder)) keys.push(key);
    return keys;
  };
  /** By a hand at the bucket: nobody of ours knows of it. May be ended before its time, as GOVERNANCE allows. */
  const lock = async (keys: string[], until: Date): Promise<void> => {
    for (const key of keys)
      await s3.send(
        new PutObjectRetentionCommand({
          ...{ Bucket, Key: `tenantry/${key}`, BypassGovernanceRetention: true },
          Retention: { Mode: 'GOVERNANCE', RetainUntilDate: until },
        }),
      );
  };
  const unlock = async (keys: string[]): Promise<void> => {
    // The server refuses a time that is over when it reads it: each has its own, and far enough for a busy machine.
    for (const key of keys) await lock([key], new Date(Date.now() + 10_000));
    await installation.until('the locks to be over', 40_000, async () => {
      for (const key of keys) if (await world.place.lockedUntil(key)) return null;
      return true;
    });
  };
  const holdPart = (key: string, Status: 'ON' | 'OFF') =>
    s3.send(new PutObjectLegalHoldCommand({ Bucket, Key: `tenantry/${key}`, LegalHold: { Status } }));
  const clear = (now = new Date()) =>
    removeOldBackups({ registry: installation.platform.registry, backupPlace: world.place }, installation.em, now, 100);
  const look = (tenantId: string) =>
    installation.asAdmin(null, 'update tenant_backups set looked_at = null where tenant_id = $1', [tenantId]);
  async function tenantWith(...days: number[]) {
    const { tenantId, slug } = await installation.provision({ name: `Locked ${days.length}` });
    const ids: string[] = [];
    for (const day of days) ids.push((await world.make(tenantId, new Date(Date.now() - day * dayMs))).id);
    return { tenantId, slug, ids };
  }

  it('keeps what retention gave up until its time, says so, and lets it go then', async () => {
    const { tenantId, ids } = await tenantWith(5, 1);
    const of = { tenantId, backupId: ids[0]! };
    const files = await keysOf(folderOf(of));
    const until = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + dayMs);
    // The manifest is free: what it tells of is not, and none of it may go before the rest.
    await lock(
      files.filter((key) => key !== manifestKeyOf(of)),
      until,
    );
    await clear();
    const shown = await viewBackup(installation.em, tenantId, of.backupId);
    assert.deepEqual([shown.state, shown.stays, shown.lockedUntil], ['kept', ['locked'], until.toISOString()]);
    assert.deepEqual(await keysOf(folderOf(of)), files);
    const verified = await installation.runIsOver(await world.verify(tenantId, of.backupId));
    assert.equal(verified.state, 'succeeded', verified.reason ?? '');
    await look(tenantId);
    await clear();
    assert.equal((await viewBackup(installation.em, tenantId, of.backupId)).state, 'kept', 'not before its time');

    await unlock(files);
    await look(tenantId);
    await clear(new Date(until.getTime() + 1_000));
    assert.equal((await viewBackup(installation.em, tenantId, of.backupId)).state, 'removed');
    assert.deepEqual(await keysOf(folderOf(of)), []);
  });

  it('keeps what a hold without an end is set on there, whole, and is asked again each hour', async () => {
    const { tenantId, ids } = await tenantWith(6, 1);
    const of = { tenantId, backupId: ids[0]! };
    const files = await keysOf(folderOf(of));
    await holdPart(partKeyOf(of, 1), 'ON');
    await clear();
    const shown = await viewBackup(installation.em, tenantId, of.backupId);
    assert.deepEqual([shown.state, shown.removed?.failure, shown.lockedUntil], ['removing', 'backup_locked', null]);
    assert.deepEqual(await keysOf(folderOf(of)), files, 'nothing of it is gone');
    await holdPart(partKeyOf(of, 1), 'OFF');
    await clear();
    assert.equal((await viewBackup(installation.em, tenantId, of.backupId)).state, 'removing');
    await clear(new Date(Date.now() + 3_700_000));
    assert.deepEqual(await keysOf(folderOf(of)), []);
  });

  it('keeps things of an erased tenant: the certificate names them with their times, and they go when they may', async () => {
    const { tenantId, slug, ids } = await tenantWith(1, 0);
    const [held, free] = ids as [string, string];
    const card = cardKeyOf(tenantId);
    // What a process laid down that died: no row knows of it.
    const exported = `${exportsOfTenant(tenantId)}/${randomUUID()}/parts/00000001`;
    const exports = openPlace({ place: installation.configuration.place });
    await exports.put(exported, Readable.from([Buffer.from('x')]));
    const locked = [...(await keysOf(folderOf({ tenantId, backupId: held }))), card];
    const until = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + dayMs);
    await lock(locked, until);

    const { runId } = await installation.removeTenant(tenantId, slug);
    const run = await installation.runIsOver(runId, 60_000);
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.equal((await certified(installation, tenantId)).state, 'succeeded');
    assert.deepEqual((await keysOf(folderOfTenant(tenantId))).toSorted(), locked.toSorted());
    assert.deepEqual(await keysOf(exportsOfTenant(tenantId)), []);
    assert.ok(!(await keysOf(folderOfTenant(tenantId))).some((key) => key.includes(free)));

    const stays = [
      { what: 'card', id: null, until: until.toISOString() },
      { what: 'backup', id: held, until: until.toISOString() },
    ];
    const { em, platform } = installation;
    const file = await readCertificate(em, tenantId);
    assert.deepEqual(file.certificate.stays, stays);
    const count = file.certificate.counts.find(({ store }) => store === 'backups');
    assert.deepEqual([count?.before, count?.after], [2, 1]);
    const { findings } = await verifyCertificate(file, { keys: [], ledger: null });
    assert.deepEqual(findings, [
      'backups: 1 of 2 backups were left',
      `a lock kept the card until ${until.toISOString()}`,
      `a lock kept backup ${held} until ${until.toISOString()}`,
    ]);
    const end = await viewTenantEnd(em, platform.tenantKeys, installation.configuration, tenantId);
    assert.deepEqual(end.erasure?.stays, stays);

    const deps = { registry: platform.registry, backupPlace: world.place, place: exports };
    assert.equal(await goOnErasing(deps, em, new Date(), 100), 0, 'not before its time');
    // The time came, and the lock is still there: it is asked again, and nothing is lost or told as gone.
    const after = new Date(until.getTime() + 60_000);
    await clear(after);
    assert.equal(await goOnErasing(deps, em, after, 100), 1);
    assert.deepEqual(await readStays(em, tenantId), stays);

    await unlock(locked);
    await clear(after);
    assert.equal(await goOnErasing(deps, em, after, 100), 1);
    assert.deepEqual(await readStays(em, tenantId), []);
    assert.deepEqual(await keysOf(folderOfTenant(tenantId)), []);
    assert.equal((await world.eventsOf(`tenant:${tenantId}`)).at(-1), 'erasure.completed');
    assert.equal(await goOnErasing(deps, em, after, 100), 0);
    assert.deepEqual(file, await readCertificate(em, tenantId), 'what was signed stays as it was signed');
  });

  it('keeps a backup of the control plane until its time, and the others go without it', async () => {
    const { em, platform, temporal } = installation;
    const backUp = async () => {
      const runId = await em.transactional((tx) => openPlatformBackup(tx, null, theSystem));
      await startRun(platform, temporal.client, runId);
      const run = await installation.runIsOver(runId, 60_000);
      assert.equal(run.state, 'succeeded', run.reason ?? '');
    };
    const states = async () => {
      const found = await installation.asAdmin<{ state: string }>(
        null,
        'select state from platform_backups order by created_at',
      );
      return found.map(({ state }) => state);
    };
    await backUp();
    const locked = await keysOf(platformFolder);
    await lock(locked, new Date(Date.now() + dayMs));
    await backUp();
    await backUp();
    assert.deepEqual(await states(), ['proven', 'removed', 'proven']);
    const [, first] = await listPlatformBackups(world.place);
    await verifyPlatformBackup(world.place, first!.backup, installation.configuration.masterKey);
    await unlock(locked);
    await backUp();
    assert.deepEqual(await states(), ['removed', 'removed', 'removed', 'proven']);
  });
});
