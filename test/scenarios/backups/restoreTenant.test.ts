import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import type { DomainError } from '#contracts/errors.ts';
import type { NewRestore, NewRestoreBeside } from '#contracts/backups/restores.ts';
import { folderOf } from '#domain/backups/format/manifest.ts';
import { openRestoreBeside, openRestoreInPlace } from '#domain/backups/restoring/openRestore.ts';
import { listRestores } from '#domain/backups/restoring/viewRestores.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { countPeople } from '#domain/members/realmPeople.ts';
import { openFinish } from '#domain/runs/ending/finishRollback.ts';
import { openReverse } from '#domain/runs/reverse.ts';
import { startRun } from '#temporal/startRun.ts';
import type { StepIn } from '#test/servers/faults.ts';
import { addMember } from '#test/scenarios/handover/ownership.ts';
import { keepBackup } from '#test/scenarios/backups/keepBackup.ts';
import { thingsOf } from './thingsOf.ts';
import { BackupWorld } from './backedUpTenant.ts';

describe('a tenant that is restored', function () {
  this.timeout(180_000);
  let world: BackupWorld;
  let tenantId: string;
  let slug: string;
  let stepIn: StepIn = async () => undefined;

  before(async () => {
    world = await BackupWorld.start({}, undefined, (position, attempt) => stepIn(position, attempt));
  });
  after(() => world?.stop());
  beforeEach(async () => {
    stepIn = async () => undefined;
    ({ tenantId, slug } = await world.installation.provision({ name: `Restored ${Math.random()}` }));
    await set('then');
    await put('doc.txt', 'then');
  });

  const things = thingsOf(
    () => world,
    () => tenantId,
  );
  const { sql, set, get, object, put, now, state, access } = things;

  async function start(runId: string) {
    await startRun(world.installation.platform, world.installation.temporal.client, runId);
    return world.installation.runIsOver(runId, 90_000);
  }
  const { keys } = { keys: () => world.installation.platform.tenantKeys };
  const openInPlace = async (wanted: Partial<NewRestore> & { backupId: string }) => {
    await keys().find(tenantId);
    return world.installation.em.transactional((em) =>
      openRestoreInPlace(em, keys(), tenantId, { confirm: slug, ...wanted }, theSystem),
    );
  };
  const inPlace = async (wanted: Partial<NewRestore> & { backupId: string }) =>
    start((await openInPlace(wanted)).runId);
  const beside = async (wanted: NewRestoreBeside) => {
    await keys().find(tenantId);
    const opened = await world.installation.em.transactional((em) =>
      openRestoreBeside(em, keys(), tenantId, wanted, theSystem),
    );
    return { ...opened, run: await start(opened.runId) };
  };
  const refused = (code: string) => (error: unknown) => {
    assert.equal((error as DomainError).code, code, String(error));
    return true;
  };

  it('in place is what it was, after what it is was backed up; the way back leads to exactly that', async () => {
    const backupId = await keepBackup(world.installation, tenantId);
    await now();
    const opened = await openInPlace({ backupId });
    assert.equal(await state(), 'suspended', 'the doors close with the request');
    const run = await start(opened.runId);
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.deepEqual([await get(), await readFile(object('doc.txt'), 'utf8')], ['then', 'then']);
    await assert.rejects(readFile(object('newer.txt')), /ENOENT/);
    assert.equal(await state(), 'active');
    assert.deepEqual(await access(), ['open']);
    const [restore] = await listRestores(world.installation.em, tenantId);
    assert.partialDeepStrictEqual(restore, { mode: 'in_place', isWhole: true, backupId, state: 'succeeded' });
    assert.ok(restore?.beforeBackupId);
    const days = (Date.parse(restore.wayBackUntil ?? '') - Date.now()) / 86_400_000;
    assert.ok(days > 6.9 && days <= 7, `${days} days`);
    const [proven] = await world.installation.asAdmin<{ proven: boolean }>(
      null,
      'select proven_at is not null as proven from backups where id = $1',
      [backupId],
    );
    assert.equal(proven?.proven, true);

    await keys().find(tenantId);
    const back = await world.installation.em.transactional((em) =>
      openReverse(em, world.installation.platform, opened.runId, () => undefined, theSystem),
    );
    assert.equal((await start(back.runId)).state, 'succeeded');
    assert.deepEqual([await get(), await readFile(object('doc.txt'), 'utf8')], ['now', 'now']);
    assert.equal(await readFile(object('newer.txt'), 'utf8'), 'newer');
    await assert.rejects(
      world.installation.em.transactional((em) =>
        openReverse(em, world.installation.platform, opened.runId, () => undefined, theSystem),
      ),
      refused('run_not_reversible'),
    );
    const events = await world.installation.asAdmin<{ type: string }>(
      null,
      `select type from events where tenant_id = $1 and type = 'tenant.restored'`,
      [tenantId],
    );
    assert.equal(events.length, 2);
  });

  it('beside is a tenant of its own with what the other was, and the other stays as it is', async () => {
    const member = await addMember(world.installation, { tenantId, slug }, 'somebody@restored.example', 'member');
    assert.ok(member);
    const backupId = await keepBackup(world.installation, tenantId);
    await now();
    const { run, ...made } = await beside({ backupId, name: 'Beside', slug: `beside-${slug.slice(-8)}` });
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.deepEqual(
      [await get(made.tenantId), await readFile(object('doc.txt', made.tenantId), 'utf8')],
      ['then', 'then'],
    );
    assert.deepEqual([await get(), await readFile(object('doc.txt'), 'utf8')], ['now', 'now']);
    assert.equal(await state(made.tenantId), 'active');
    assert.deepEqual(
      (await countPeople(world.installation.em, made.tenantId)).people,
      (await countPeople(world.installation.em, tenantId)).people,
    );
    assert.notDeepEqual((await keys().of(made.tenantId)).key, (await keys().of(tenantId)).key);
  });

  it('of chosen tables gets them, and keeps the rest', async () => {
    const backupId = await keepBackup(world.installation, tenantId);
    await now();
    const run = await inPlace({ backupId, only: { tables: ['settings'] } });
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.deepEqual([await get(), await readFile(object('doc.txt'), 'utf8')], ['then', 'now']);
    const [restore] = await listRestores(world.installation.em, tenantId);
    assert.equal(restore?.isWhole, false);
    assert.deepEqual(Object.keys(restore?.outcome ?? {}), ['database']);
  });

  it('is what it was before, people too, when the restore fails after something was replaced', async () => {
    const gone = await addMember(world.installation, { tenantId, slug }, 'gone@restored.example', 'member');
    const backupId = await keepBackup(world.installation, tenantId);
    await now();
    await world.installation.asAdmin(null, 'delete from users where id = $1', [gone]);
    const before = await countPeople(world.installation.em, tenantId);
    stepIn = async ({ at, when }) => {
      if (at === 'tenant.check' && when === 'before')
        throw ApplicationFailure.nonRetryable('It does not answer.', 'check_failed');
    };
    const run = await inPlace({ backupId });
    assert.equal(run.state, 'rolled_back');
    assert.deepEqual([await get(), await readFile(object('doc.txt'), 'utf8')], ['now', 'now']);
    assert.equal(await readFile(object('newer.txt'), 'utf8'), 'newer');
    assert.deepEqual(await countPeople(world.installation.em, tenantId), before);
    assert.equal(await state(), 'active');
    assert.deepEqual(await access(), ['open']);
  });

  it('in place leaves its neighbours alone, who write meanwhile', async () => {
    const neighbour = await world.installation.provision({ name: `Neighbour ${Math.random()}` });
    await sql('create table kept as select i, md5(i::text) as t from generate_series(1, 5000) i', neighbour.tenantId);
    await sql('create table counted (n integer primary key)', neighbour.tenantId);
    const digest = async () =>
      (await sql(`select md5(string_agg(i || t, ',' order by i)) as d from kept`, neighbour.tenantId))
        .rows[0] as object;
    const before = await digest();
    const backupId = await keepBackup(world.installation, tenantId);
    await now();
    let isOver = false;
    let written = 0;
    const writing = (async () => {
      while (!isOver) {
        await sql(`insert into counted values (${written})`, neighbour.tenantId);
        written += 1;
      }
    })();
    const run = await inPlace({ backupId });
    isOver = true;
    await writing;
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.ok(written > 5, `${written} rows were written meanwhile`);
    assert.deepEqual(await digest(), before);
    const { rows: counted } = await sql('select count(*)::int as n, max(n) as last from counted', neighbour.tenantId);
    assert.deepEqual(counted, [{ n: written, last: written - 1 }]);
  });

  it('that is cancelled while its present is backed up is left as it is', async () => {
    const backupId = await keepBackup(world.installation, tenantId);
    await now();
    let reached = () => undefined as void;
    const there = new Promise<void>((resolve) => (reached = resolve));
    let goOn = () => undefined as void;
    const released = new Promise<void>((resolve) => (goOn = resolve));
    stepIn = async ({ at, when }) => {
      if (at !== 'present.check' || when !== 'before') return;
      reached();
      await released;
    };
    const { runId } = await openInPlace({ backupId });
    await startRun(world.installation.platform, world.installation.temporal.client, runId);
    await there;
    await world.installation.cancelRun(runId);
    goOn();
    assert.equal((await world.installation.runIsOver(runId)).state, 'cancelled');
    assert.deepEqual([await get(), await state()], ['now', 'active']);
  });

  it('leaves what cannot be put back to a person, and is whole again once the rollback is finished', async () => {
    const backupId = await keepBackup(world.installation, tenantId);
    await now();
    stepIn = async ({ at, when }) => {
      if (at === 'tenant.check' && when === 'before')
        throw ApplicationFailure.nonRetryable('It does not answer.', 'check_failed');
      if (at === 'restored.destroy' && when === 'before') throw ApplicationFailure.nonRetryable('It is away.', 'away');
    };
    const run = await inPlace({ backupId });
    assert.equal(run.state, 'needs_attention');
    stepIn = async () => undefined;
    const finish = await world.installation.em.transactional((em) => openFinish(em, run.id, theSystem));
    assert.equal((await start(finish.runId)).state, 'succeeded');
    assert.equal((await world.installation.run(run.id)).state, 'rolled_back');
    assert.deepEqual([await get(), await state()], ['now', 'active']);
  });

  it('is refused a backup that is cut short before anything of it is closed in the database or replaced', async () => {
    const backupId = await keepBackup(world.installation, tenantId);
    await now();
    const folder = join(world.installation.configuration.backups.place, folderOf({ tenantId, backupId }), 'parts');
    const [part = ''] = (await readdir(folder)).toSorted();
    await truncate(join(folder, part), 100);
    const run = await inPlace({ backupId });
    assert.equal(run.state, 'rolled_back');
    assert.match(run.reason ?? '', /cut short|not what was written/);
    assert.deepEqual([await get(), await state()], ['now', 'active']);
    assert.equal((await listRestores(world.installation.em, tenantId))[0]?.beforeBackupId, null);
    await rm(folder, { recursive: true });
    await assert.rejects(openInPlace({ backupId, confirm: 'another' }), refused('confirmation_mismatch'));
  });

  it('is refused the backup of another tenant, a broken one, and a second restore at the same time', async () => {
    const other = await world.installation.provision({ name: `Other ${Math.random()}` });
    const foreign = await keepBackup(world.installation, other.tenantId);
    await assert.rejects(openInPlace({ backupId: foreign }), refused('backup_not_found'));
    const backupId = await keepBackup(world.installation, tenantId);
    await world.installation.asAdmin(
      null,
      `update backups set verified_at = now(), verified_as = 'bad', refusal = 'A part is missing.' where id = $1`,
      [backupId],
    );
    await assert.rejects(openInPlace({ backupId }), refused('backup_damaged'));
    await world.installation.asAdmin(null, `update backups set verified_as = 'good' where id = $1`, [backupId]);
    const { runId } = await openInPlace({ backupId });
    await assert.rejects(openInPlace({ backupId }), refused('run_in_progress'));
    assert.equal((await start(runId)).state, 'succeeded');
  });

  it('is not brought back when the erasure ledger says that it was erased', async () => {
    const backupId = await keepBackup(world.installation, tenantId);
    const { erasure } = world.installation.configuration;
    await mkdir(erasure.ledger, { recursive: true });
    const line = {
      v: 1,
      kind: 'erasure',
      installation: 'x',
      number: 1,
      at: new Date().toISOString(),
      previous: null,
      tenant: tenantId,
    };
    await appendFile(join(erasure.ledger, 'erasures.jsonl'), `${JSON.stringify({ ...line, certificate: 'x' })}\n`);
    const { run, tenantId: made } = await beside({ backupId, name: 'Not again' });
    assert.equal(run.state, 'rolled_back');
    assert.match(run.reason ?? '', /erasure ledger/);
    assert.equal(await state(made), 'rolled_back');
    await rm(erasure.ledger, { recursive: true });
  });
});
