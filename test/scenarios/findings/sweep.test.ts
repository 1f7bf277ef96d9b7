import assert from 'node:assert/strict';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DomainError } from '#contracts/errors.ts';
import { everywhere } from '#domain/access/grants.ts';
import { listFindings } from '#domain/drift/listFindings.ts';
import { openRepair } from '#domain/drift/repair.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { listOrphans } from '#domain/orphans/listOrphans.ts';
import { openOrphanRemoval } from '#domain/orphans/removeOrphan.ts';
import { openSweep } from '#domain/orphans/sweep.ts';
import { bucketNameOf, schemaNameOf } from '#domain/resources/names.ts';
import { writeTag } from '#domain/resources/tags.ts';
import { startRun } from '#temporal/startRun.ts';
import { TestInstallation } from '../../servers/installation.ts';
import { remainsOf } from '../../servers/remains.ts';

const refusal = (code: string) => (error: DomainError) => error.code === code;

describe('the sweep for orphans', () => {
  let installation: TestInstallation;
  let other: TestInstallation;

  before(async () => {
    installation = await TestInstallation.start({ TENANTRY_SWEEP_GRACE_SECONDS: '0' });
    other = await TestInstallation.start({
      TENANTRY_SWEEP_GRACE_SECONDS: '0',
      TENANTRY_STORAGE_DIR: installation.configuration.storageDir,
    });
    await installation.startWorker();
    await other.startWorker();
  });
  after(async () => {
    await other?.stop();
    await installation?.stop();
  });

  const start = async (runId: string, of = installation) => {
    await startRun(of.platform, of.temporal.client, runId);
    return of.runIsOver(runId);
  };
  const sweep = async (of = installation) =>
    start(await of.em.transactional((em) => openSweep(em, null, theSystem)), of);
  const orphans = async (of = installation) => listOrphans(of.em, { limit: 200 });
  const approve = (id: string, graceSeconds = 0) =>
    installation.em.transactional((em) => openOrphanRemoval(em, id, graceSeconds, theSystem));
  const bucketOf = (tenantId: string) => join(installation.configuration.storageDir, bucketNameOf(tenantId));

  /** A tenant that was removed; what an attempt that was thought dead might have made again since, made by hand. */
  async function removed(name: string) {
    const { tenantId, slug } = await installation.provision({ name });
    await installation.runIsOver((await installation.removeTenant(tenantId, slug)).runId);
    await rm(bucketOf(tenantId)); // its tombstone, which is cleared after an hour
    return tenantId;
  }
  async function plantAll(tenantId: string) {
    const resources = await installation.asAdmin<{ id: string; provider: string; run_id: string }>(
      null,
      'select id, provider, run_id from resources where tenant_id = $1',
      [tenantId],
    );
    const { id: installationId, keyring } = installation.platform.installation;
    const tagOf = (kind: string) => {
      const { id: resourceId, run_id: runId } = resources.find(({ provider }) => provider === kind)!;
      return { resourceId, tag: writeTag(keyring, { installationId, tenantId, resourceId, runId }) };
    };
    const [store] = await installation.asAdmin<{ name: string }>(null, 'select database_name as name from data_stores');
    const provisioner = new URL(`${installation.configuration.provisionerDatabaseUrl}`).username;
    const name = schemaNameOf(tenantId);
    const { tag } = tagOf('database');
    await installation.asAdmin(
      store!.name,
      `create role ${name} login; comment on role ${name} is '${tag}'; grant ${name} to ${provisioner} with admin true;
       create schema ${name} authorization ${provisioner}; comment on schema ${name} is '${tag}';
       create table ${name}.precious (id int)`,
    );
    const realm = tagOf('realm');
    await installation.asAdmin(
      null,
      `insert into realms (resource_id, tenant_id, tag, access) values ($1, $2, $3, 'open')`,
      [realm.resourceId, tenantId, realm.tag],
    );
    await mkdir(bucketOf(tenantId));
    await writeFile(join(bucketOf(tenantId), '.tenantry-owner'), tagOf('storage').tag);
  }
  const of = async (tenantId: string) => (await orphans()).items.filter((one) => one.tenantId === tenantId);

  it('finds nothing where the registry knows everything', async () => {
    await installation.provision({ name: 'Well known' });
    const run = await sweep();
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.deepEqual((await orphans()).items, []);
    assert.equal((await listFindings(installation.em, { limit: 10 }, everywhere)).openCount, 0);
  });

  it('is found in every system, left alone, and removed one by one when a person approves', async () => {
    const tenantId = await removed('Came back');
    await plantAll(tenantId);
    await sweep();
    await sweep();
    const found = await of(tenantId);
    assert.deepEqual(found.map(({ what, why }) => `${what}: ${why}`).sort(), [
      'Login role: removed',
      'Schema: removed',
      'Sign-in realm: removed',
      'Storage bucket: removed',
    ]);
    assert.equal((await remainsOf(installation, tenantId)).length, 4);
    for (const { id } of found) assert.equal((await start(await approve(id))).state, 'succeeded');
    assert.deepEqual(await remainsOf(installation, tenantId), []);
    assert.deepEqual([...new Set((await of(tenantId)).map(({ state }) => state))], ['removed']);
    await assert.rejects(approve(found[0]!.id), refusal('finding_closed'));
    const [task] = await installation.asAdmin<{ state: string }>(
      null,
      `select state from tasks where kind = 'orphans'`,
    );
    assert.equal(task?.state, 'done');
  });

  it('finds the empty bucket that a frozen attempt made again, and removes it only while it is empty', async () => {
    const tenantId = await removed('Frozen long');
    await mkdir(bucketOf(tenantId));
    await sweep();
    const [bucket] = await of(tenantId);
    assert.partialDeepStrictEqual(bucket, { what: 'Storage bucket', why: 'unmarked' });
    await writeFile(join(bucketOf(tenantId), 'precious.txt'), 'somebody’s');
    await start(await approve(bucket!.id));
    assert.deepEqual(await readdir(bucketOf(tenantId)), ['precious.txt']);
    await rm(join(bucketOf(tenantId), 'precious.txt'));
    await sweep();
    await start(await approve(bucket!.id));
    assert.equal((await stat(bucketOf(tenantId))).isDirectory(), false);
  });

  it('calls nothing an orphan that was removed a moment ago', async () => {
    const tenantId = await removed('Just now');
    await mkdir(bucketOf(tenantId));
    await sweep();
    const [bucket] = await of(tenantId);
    await assert.rejects(approve(bucket!.id, 600), refusal('orphan_known'));
  });

  it('is not removed when the registry knows it by the time that its removal begins', async () => {
    const tenantId = await removed('Known again');
    await plantAll(tenantId);
    await sweep();
    const bucket = (await of(tenantId)).find(({ provider }) => provider === 'storage')!;
    const runId = await approve(bucket.id);
    const know = (state: string) =>
      installation.asAdmin(null, `update resources set state = $2 where tenant_id = $1`, [tenantId, state]);
    await know('present');
    const run = await start(runId);
    assert.equal(run.state, 'needs_attention');
    assert.equal((await stat(bucketOf(tenantId))).isDirectory(), true);
    await assert.rejects(approve(bucket.id), refusal('orphan_known'));
    await know('destroyed');
    for (const { id } of await of(tenantId)) assert.equal((await start(await approve(id))).state, 'succeeded');
  });

  it("never lists or touches another installation's things on the same servers", async () => {
    const theirs = await other.provision({ name: 'Of others' });
    await mkdir(bucketOf('00000000-0000-4000-8000-000000000001'));
    await sweep();
    assert.deepEqual(await of(theirs.tenantId), []);
    assert.deepEqual(await of('00000000-0000-4000-8000-000000000001'), []);
    assert.equal((await sweep(other)).state, 'succeeded');
    assert.deepEqual((await orphans(other)).items, []);
    assert.equal((await stat(bucketOf('00000000-0000-4000-8000-000000000001'))).isDirectory(), true);
  });

  it('finds what the registry has and reality lacks, and offers to make it again', async () => {
    const { tenantId } = await installation.provision({ name: 'A ghost' });
    await rm(bucketOf(tenantId), { recursive: true });
    assert.equal((await sweep()).state, 'succeeded');
    const [ghost] = (await listFindings(installation.em, { tenantId, ghost: true, limit: 10 }, everywhere)).items;
    assert.partialDeepStrictEqual(ghost, { ghost: true, repair: 'remake', state: 'open', found: 'missing' });
    const { runId } = await installation.em.transactional((em) => openRepair(em, ghost!.id, theSystem));
    assert.equal((await start(runId)).state, 'succeeded');
    assert.equal((await stat(bucketOf(tenantId))).isDirectory(), true);
  });
});
