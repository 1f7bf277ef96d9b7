import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DomainError } from '#contracts/errors.ts';
import { openPlatformBackup } from '#domain/backups/platform/platformBackups.ts';
import { listPlatformBackups, verifyPlatformBackup } from '#domain/backups/platform/readPlatformBackup.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openPlace } from '#domain/places/openPlace.ts';
import { masterKeyIdOf } from '#domain/secrets/keyring.ts';
import { createOwner } from '#domain/people/ownership.ts';
import { startRun } from '#temporal/startRun.ts';
import { scheduleIdOf } from '#temporal/schedules/scheduledJobs.ts';
import { counted } from '#test/observability/counted.ts';
import { TestInstallation } from '#test/servers/installation.ts';

describe("the control plane's own backup", () => {
  let installation: TestInstallation;
  before(async () => {
    installation = await TestInstallation.start({ TENANTRY_PLATFORM_BACKUPS_KEPT: '2', TENANTRY_ACT_ATTEMPTS: '2' });
    await installation.startWorker();
    await createOwner(installation.em, 'owner@example.org', 'correct horse battery staple');
    await installation.provision({ name: 'Kept', slug: 'kept' });
  });
  after(() => installation.stop());

  const place = () => openPlace(installation.configuration.backups);
  const { folder, masterKey } = {
    folder: () => installation.configuration.backups.place,
    masterKey: () => installation.configuration.masterKey,
  };
  const backUp = async () => {
    const runId = await installation.em.transactional((em) => openPlatformBackup(em, null, theSystem));
    await startRun(installation.platform, installation.temporal.client, runId);
    return installation.runIsOver(runId);
  };
  const states = () =>
    installation.asAdmin<{ id: string; state: string }>(
      null,
      'select id, state from platform_backups order by created_at',
    );
  const tasks = () =>
    installation.asAdmin<{ state: string; reason_code: string }>(
      null,
      `select state, reason_code from tasks where kind = 'platform_backup' order by opened_at`,
    );

  it('is written, read again, and told of, and holds every row of the registry but no key and no word in the clear', async () => {
    const provenBefore = await counted('tenantry_platform_backups_total', { outcome: 'proven' });
    const run = await backUp();
    assert.deepEqual(
      run.steps.map(({ state }) => state),
      ['done', 'done', 'done'],
    );
    const [label] = await listPlatformBackups(place());
    const manifest = await verifyPlatformBackup(place(), label!.backup, masterKey());
    const counts = Object.fromEntries(manifest.tables.map(({ name, rows }) => [name, rows]));
    assert.equal(counts['tenants'], 1);
    assert.ok(counts['events']! > 5);
    assert.deepEqual(
      manifest.files.map(({ name }) => name),
      ['erasures', 'anchors'],
    );
    const [event] = await installation.asAdmin<{ data: object }>(
      null,
      `select data from events where type = 'platform.backed_up'`,
    );
    assert.partialDeepStrictEqual(event!.data, { backupId: label!.backup, at: manifest.at });
    assert.equal(await counted('tenantry_platform_backups_total', { outcome: 'proven' }), provenBefore + 1);
    const secret = masterKey();
    for (const file of await readdir(folder(), { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const bytes = await readFile(join(file.parentPath, file.name));
      for (const canary of [secret, secret.toString('base64'), secret.toString('hex'), 'owner@example.org', 'Kept'])
        assert.ok(!bytes.includes(canary), file.name);
    }
  });

  it('is kept as often as was said, the newest, and the oldest goes only when a newer one was read again', async () => {
    for (let more = 0; more < 2; more++) assert.equal((await backUp()).state, 'succeeded');
    assert.deepEqual(
      (await states()).map(({ state }) => state),
      ['removed', 'proven', 'proven'],
    );
    assert.equal((await listPlatformBackups(place())).length, 2);
  });

  it('that cannot be written asks for a person, takes nothing away, and is as good as ever once it can', async () => {
    const where = join(folder(), 'platform');
    const before = (await readdir(where)).toSorted();
    const aside = `${where}.aside`;
    await rm(aside, { recursive: true, force: true });
    await rename(where, aside);
    await writeFile(where, 'in the way');
    const run = await backUp();
    assert.equal(run.state, 'needs_attention');
    assert.deepEqual(await tasks(), [{ state: 'open', reason_code: 'backup_place_gone' }]);
    await rm(where);
    await rename(aside, where);
    assert.deepEqual((await readdir(where)).toSorted(), before);
    assert.equal((await backUp()).state, 'succeeded');
    assert.deepEqual(await tasks(), [{ state: 'done', reason_code: 'backup_place_gone' }]);
    const left = await states();
    assert.ok(
      left.every(({ state }) => ['removed', 'proven'].includes(state)),
      JSON.stringify(left),
    );
  });

  it('comes every night by a schedule', async () => {
    const id = scheduleIdOf('backupPlatform', installation.platform.installation.id);
    const { spec } = await installation.temporal.client.schedule.getHandle(id).describe();
    assert.deepEqual(spec.calendars?.[0]?.hour, [{ start: 1, end: 1, step: 1 }]);
  });

  describe('that is not as it was written', () => {
    const refused = (id: string, code: string, key = masterKey()) =>
      assert.rejects(verifyPlatformBackup(place(), id, key), (error: DomainError) => {
        assert.equal(error.code, code, error.message);
        return true;
      });
    let id: string;
    let root: string;
    beforeEach(async () => {
      await backUp();
      id = (await listPlatformBackups(place()))[0]!.backup;
      root = join(folder(), 'platform', id);
    });
    /** The part of the largest table. */
    const part = async () => {
      const manifest = await verifyPlatformBackup(place(), id, masterKey());
      return join(folder(), manifest.tables.toSorted((one, other) => other.bytes - one.bytes)[0]!.key);
    };

    it('is refused when a bit is another', async () => {
      const file = await part();
      const bytes = await readFile(file);
      bytes[bytes.length >> 1]! ^= 1;
      await writeFile(file, bytes);
      await refused(id, 'backup_damaged');
    });
    it('is refused when it is cut short', async () => {
      const file = await part();
      await truncate(file, (await readFile(file)).length - 7);
      await refused(id, 'backup_damaged');
    });
    it('is refused when a part is missing', async () => {
      await rm(await part());
      await refused(id, 'backup_incomplete');
    });
    it('is refused when its manifest is missing: it was never finished', async () => {
      await rm(join(root, 'manifest'));
      await refused(id, 'backup_not_found');
    });
    it('is refused when a part is the one of another backup', async () => {
      const file = await part();
      await backUp();
      const [{ backup: other } = { backup: '' }] = await listPlatformBackups(place());
      await copyFile(file.replace(id, other), file);
      await refused(id, 'backup_damaged');
    });
    it('is refused when a file lies there that nobody wrote', async () => {
      await writeFile(join(root, 'parts', '9999'), 'x');
      await refused(id, 'backup_damaged');
    });
    it('is refused with another master key, which is named and not told', async () => {
      await refused(id, 'backup_wrong_key', randomBytes(32));
      // The label may lie: the seal does not.
      const label = JSON.parse(await readFile(join(root, 'label.json'), 'utf8')) as { masterKeyId: string };
      const another = randomBytes(32);
      label.masterKeyId = masterKeyIdOf(another);
      await writeFile(join(root, 'label.json'), JSON.stringify(label));
      await refused(id, 'backup_damaged', another);
    });
    it('is refused when it is called another', async () => {
      const renamed = id.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
      await mkdir(join(folder(), 'platform', renamed, 'parts'), { recursive: true });
      await copyFile(join(root, 'manifest'), join(folder(), 'platform', renamed, 'manifest'));
      await copyFile(join(root, 'label.json'), join(folder(), 'platform', renamed, 'label.json'));
      await refused(renamed, 'backup_damaged');
      await rm(join(folder(), 'platform', renamed, 'manifest'));
    });
  });
});
