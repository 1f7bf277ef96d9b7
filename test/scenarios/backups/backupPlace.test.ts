import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { DomainError } from '#contracts/errors.ts';
import { folderOf, manifestKeyOf } from '#domain/backups/format/manifest.ts';
import { verifyBackup } from '#domain/backups/format/verifyBackup.ts';
import { removeBackup, writeBackup, type BackupPart, type BackupTarget } from '#domain/backups/format/writeBackup.ts';
import { openPlace } from '#domain/places/openPlace.ts';
import { deleteFolder, type Place } from '#domain/places/place.ts';
import { NoGateway, startGateway, type Gateway } from '#test/servers/versityGateway.ts';
import { newSigner } from './newSigner.ts';

const run = promisify(execFile);
const { signal } = new AbortController();
const { signer, keys } = newSigner();
const megabyte = 1024 * 1024;

const refusal = (code: string) => (error: DomainError) => {
  assert.equal(error.code, code, error.stack);
  return true;
};
const targetIn = (place: Place): BackupTarget => ({
  place,
  key: { id: randomUUID(), key: randomBytes(32) },
  tenantId: randomUUID(),
  backupId: randomUUID(),
});

/** Rows that cannot be packed. */
async function* parts(
  count = 3,
  bytes = megabyte,
  between: (part: number) => unknown = () => null,
): AsyncIterable<BackupPart> {
  const resourceId = randomUUID();
  for (let number = 1; number <= count; number++) {
    async function* pieces(): AsyncIterable<Buffer> {
      for (let left = bytes; left > 0; left -= 65_536) yield Buffer.from(`${randomBytes(49_151).toString('base64')}\n`);
    }
    await between(number);
    const held = () => ({ rows: Math.ceil(bytes / 65_536) });
    yield {
      source: 'database',
      resourceId,
      what: 'rows',
      name: `table ${number}`,
      at: new Date(),
      pieces: pieces(),
      held,
    };
  }
}

const write = (target: BackupTarget, of = parts(), lockedUntil?: Date) =>
  writeBackup(target, { installationId: randomUUID(), ...(lockedUntil ? { lockedUntil } : {}) }, () => of, {
    signer,
    signal,
  });

describe('the place for backups', function () {
  this.timeout(600_000);
  let root: string;
  let gateway: Gateway;
  const former = { ...process.env };

  before(async function () {
    root = await mkdtemp(join(tmpdir(), 'tenantry-backup-place-'));
    try {
      gateway = await startGateway(root, ['gone'], { keepsMetadata: true, keepsVersions: true });
    } catch (error) {
      if (!(error instanceof NoGateway) || process.env['CI']) throw error;
      console.error(`\n✖ NOT CHECKED: backups in a bucket. ${error.message}\n`);
      return this.skip();
    }
    Object.assign(process.env, gateway.env);
    const s3 = new S3Client({ forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: 'locking', ObjectLockEnabledForBucket: true }));
    await s3.send(new CreateBucketCommand({ Bucket: 'plain' }));
    s3.destroy();
  });
  after(async () => {
    for (const name of Object.keys(gateway?.env ?? {}))
      if (former[name] === undefined) delete process.env[name];
      else process.env[name] = former[name];
    await gateway?.stop();
    await rm(root, { recursive: true, force: true });
  });

  it('may be a bucket: what was written is verified there, and removed', async () => {
    const target = targetIn(openPlace({ place: 's3://plain/deep/prefix' }));
    const { storedBytes } = await write(target, parts(2, 20 * megabyte));
    assert.ok(storedBytes > 25 * megabyte, `${storedBytes}`);
    const { rows } = await verifyBackup(target, { keys, signal });
    assert.equal(rows, 2 * 320);
    assert.equal(await removeBackup(target), 4);
    for await (const { key } of target.place.list(folderOf(target))) assert.fail(`${key} is left`);
    assert.equal(await target.place.lockedUntil(manifestKeyOf(target)), null);
  });

  it('keeps a locked backup whole until its time, whoever wants to remove it', async () => {
    const target = targetIn(openPlace({ place: 's3://locking/backups' }));
    const until = new Date(Date.now() + 3_600_000);
    await write(target, parts(2, 9 * megabyte), until);
    const locked = await target.place.lockedUntil(manifestKeyOf(target));
    assert.ok(Math.abs(locked!.getTime() - until.getTime()) < 1_000, locked?.toISOString());
    await assert.rejects(removeBackup(target), (error: DomainError) => {
      assert.equal(error.code, 'backup_locked');
      assert.match(error.publicMessage, /lets nobody remove the backup until 20/);
      return true;
    });
    await verifyBackup(target, { keys, signal });
  });

  it('lets go of all versions of what is locked no more', async () => {
    const target = targetIn(openPlace({ place: 's3://locking/backups' }));
    await write(target, parts(1), new Date(Date.now() + 10_000));
    await write(target, parts(1)); // once more, over what a killed attempt left
    await new Promise((resolve) => setTimeout(resolve, 10_500));
    await removeBackup(target);
    const kept = [];
    for (const where of ['buckets', 'versions'])
      for (const name of await readdir(join(root, where), { recursive: true }))
        if (name.includes(target.backupId) && /parts\/|manifest/.test(name)) kept.push(name);
    assert.deepEqual(kept, []);
  });

  it('is told when its bucket is not there, or vanishes half-way', async () => {
    await assert.rejects(write(targetIn(openPlace({ place: 's3://never/was' }))), refusal('backup_place_gone'));
    const target = targetIn(openPlace({ place: 's3://gone/backups' }));
    const vanishing = parts(4, 2 * megabyte, async (part) => {
      if (part === 4) await rename(join(gateway.folder, 'gone'), join(root, 'taken away'));
    });
    await assert.rejects(write(target, vanishing), refusal('backup_place_gone'));
    await assert.rejects(removeBackup(target), refusal('backup_place_gone'));
    await rename(join(root, 'taken away'), join(gateway.folder, 'gone'));
    await assert.rejects(verifyBackup(target, { keys, signal }), refusal('backup_not_found'));
    await removeBackup(target);
  });

  it('is not blamed for what fails at the source', async () => {
    const failing = parts(2, megabyte, () => {
      throw Object.assign(new Error('a file of the tenant cannot be read'), { code: 'EACCES' });
    });
    await assert.rejects(write(targetIn(openPlace({ place: join(root, 'folder') })), failing), { code: 'EACCES' });
  });

  it('is told when its rights are not enough', async () => {
    const secret = process.env['AWS_SECRET_ACCESS_KEY'];
    process.env['AWS_SECRET_ACCESS_KEY'] = 'another';
    try {
      await assert.rejects(write(targetIn(openPlace({ place: 's3://plain/x' }))), refusal('backup_place_refused'));
    } finally {
      process.env['AWS_SECRET_ACCESS_KEY'] = secret;
    }
  });

  it('may be listed while somebody writes to it, and is cleared of what nobody writes any more', async () => {
    const place = openPlace({ place: join(root, 'listed') });
    const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    async function* slowly() {
      yield Buffer.from('one');
      begun.resolve();
      await goOn.promise;
      yield Buffer.from('two');
    }
    const writing = place.put('some/file', slowly());
    await begun.promise;
    for await (const { key } of place.list('some')) assert.fail(`${key} is listed before it is whole`);
    goOn.resolve();
    assert.deepEqual(await writing, { bytes: 6 });
    await writeFile(join(root, 'listed', 'some', '.unfinished-0'), 'left by a killed process');
    assert.equal(await deleteFolder(place, 'some'), 1);
    assert.ok(
      !(await readdir(join(root, 'listed'))).includes('some') ||
        (await readdir(join(root, 'listed', 'some'))).length === 0,
    );
  });

  it('is told when its disk is full, and keeps nothing of the half-written file', async function () {
    const disk = join(root, 'small');
    await mkdir(disk);
    const isMounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk]).then(
      () => true,
      () => false,
    );
    if (!isMounted) {
      console.error('\n✖ NOT CHECKED: a full disk. Mounting a small one needs root.\n');
      return this.skip();
    }
    try {
      const target = targetIn(openPlace({ place: disk }));
      await assert.rejects(write(target, parts(8)), refusal('backup_place_full'));
      const left = await readdir(disk, { recursive: true });
      assert.ok(!left.some((name) => name.includes('unfinished')), left.join(' '));
      await assert.rejects(verifyBackup(target, { keys, signal }), refusal('backup_not_found'));
      await removeBackup(target);
      await write(target, parts(1));
      await verifyBackup(target, { keys, signal });
    } finally {
      await run('umount', [disk]);
    }
  });
});
