import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { removeOldBackups } from '#activities/backups/removing.ts';
import { writeCopy } from '#activities/backups/writeCopy.ts';
import { shreddingActivities } from '#activities/platform/shredding.ts';
import { usualBackupRules } from '#contracts/backups/policies.ts';
import { folderOfTenant, partKeyOf } from '#domain/backups/format/manifest.ts';
import { cardKeyOf } from '#domain/backups/format/tenantCard.ts';
import { changePolicy } from '#domain/backups/policies/changePolicy.ts';
import { viewPolicy } from '#domain/backups/policies/viewPolicies.ts';
import { openDrill } from '#domain/backups/drills/openDrill.ts';
import { openRestoreBeside } from '#domain/backups/restoring/openRestore.ts';
import { openVerification } from '#domain/backups/runs/openBackup.ts';
import { viewBackup } from '#domain/backups/viewing/viewBackups.ts';
import { longestUnread, rereadBackups } from '#domain/backups/watching/rereadBackups.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { liftLegalHold, setLegalHold } from '#domain/offboarding/legalHolds.ts';
import type { Place } from '#domain/places/place.ts';
import { startRun } from '#temporal/startRun.ts';
import { createDeps } from '#workers/createDeps.ts';
import { certified } from '#test/scenarios/offboarding/leavingTenant.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { BackupWorld, is } from './backupWorld.ts';

const dayMs = 86_400_000;

describe('backups that do not stay', () => {
  let installation: TestInstallation;
  let world: BackupWorld;
  before(async () => {
    installation = await TestInstallation.start();
    world = new BackupWorld(installation);
    await installation.startWorker();
    const { version } = await viewPolicy(installation.em, 'standard');
    // Nothing by the clock: a drill keeps what it restores.
    const keep = { last: 1, days: 2, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
    await installation.em.transactional((em) =>
      changePolicy(
        em,
        'standard',
        { rules: { ...usualBackupRules, enabled: false, keep }, expectedVersion: version },
        theSystem,
      ),
    );
  });
  after(() => installation.stop());

  /** A tenant with a backup of each of so many days ago. */
  async function tenantWith(...days: number[]) {
    const { tenantId } = await installation.provision({ name: `With ${days.length}` });
    const made = [];
    for (const day of days) made.push(await world.make(tenantId, new Date(Date.now() - day * dayMs)));
    return { tenantId, ids: made.map(({ id }) => id) };
  }
  const clear = (now = new Date(), place: Place = world.place) =>
    removeOldBackups({ registry: installation.platform.registry, backupPlace: place }, installation.em, now, 100);
  const look = (tenantId: string) =>
    installation.asAdmin(null, 'update tenant_backups set looked_at = null where tenant_id = $1', [tenantId]);
  const statesOf = async (tenantId: string) => (await world.rowsOf(tenantId)).map(({ state }) => state);

  it('go, with their files, and the newest is what could be restored', async () => {
    const { tenantId, ids } = await tenantWith(5, 4, 1);
    assert.deepEqual((await viewBackup(installation.em, tenantId, ids[0]!)).stays, []);
    assert.deepEqual((await viewBackup(installation.em, tenantId, ids[2]!)).stays, ['newest', 'last', 'days']);
    await clear();
    assert.deepEqual(await statesOf(tenantId), ['removed', 'removed', 'kept']);
    assert.deepEqual(await world.filesOf(tenantId), [ids[2]]);
    assert.equal((await world.standing(tenantId))['last_id'], ids[2]);
    assert.deepEqual(await world.eventsOf(`backup:${ids[0]}`), ['backup.made', 'backup.removed']);
  });

  it('stay while a legal hold is set, and go after it', async () => {
    const { tenantId } = await tenantWith(5, 1);
    const { tenantKeys } = installation.platform;
    await tenantKeys.find(tenantId);
    await installation.em.transactional((em) => setLegalHold(em, tenantKeys, tenantId, 'Case 12', theSystem));
    await clear();
    assert.deepEqual(await statesOf(tenantId), ['kept', 'kept']);
    await installation.em.transactional((em) => liftLegalHold(em, tenantId, theSystem));
    await look(tenantId);
    await clear();
    assert.deepEqual(await statesOf(tenantId), ['removed', 'kept']);
  });

  it('stay until their lock is over', async () => {
    const { tenantId, ids } = await tenantWith(5, 1);
    await installation.asAdmin(null, `update backups set locked_until = now() + interval '1 day' where id = $1`, [
      ids[0],
    ]);
    await clear();
    assert.deepEqual(await statesOf(tenantId), ['kept', 'kept']);
    await clear(new Date(Date.now() + 1.5 * dayMs));
    assert.deepEqual(await statesOf(tenantId), ['removed', 'kept']);
  });

  it('stay when one of them was restored last, and when all younger ones are broken', async () => {
    const { tenantId, ids } = await tenantWith(9, 8, 7, 6);
    await installation.asAdmin(null, `update backups set proven_at = now() where id = $1`, [ids[0]]);
    await installation.asAdmin(null, `update backups set verified_as = 'bad' where id = any($1)`, [[ids[2], ids[3]]]);
    await clear();
    assert.deepEqual(await statesOf(tenantId), ['kept', 'kept', 'removed', 'removed']);
    assert.equal((await world.standing(tenantId))['last_id'], ids[1]);
  });

  it('stay while a drill, a restore or a reading of theirs is under way, and go after it', async () => {
    const { tenantId, ids } = await tenantWith(9, 8, 7, 6, 1);
    const [drilled, restored, read] = ids as [string, string, string];
    const { em, platform } = installation;
    await platform.tenantKeys.find(tenantId);
    const open = await em.transactional(async (tx) => [
      (await openDrill(tx, tenantId, { backupId: drilled }, theSystem)).runId,
      (await openRestoreBeside(tx, platform.tenantKeys, tenantId, { backupId: restored, name: 'Beside' }, theSystem))
        .runId,
      (await openVerification(tx, { tenantId, backupId: read }, theSystem)).runId,
    ]);
    await clear();
    assert.deepEqual(await statesOf(tenantId), ['kept', 'kept', 'kept', 'removed', 'kept']);
    assert.deepEqual((await viewBackup(em, tenantId, drilled)).stays, ['in_use']);
    for (const runId of open.toReversed()) {
      await startRun(platform, installation.temporal.client, runId);
      const run = await installation.runIsOver(runId);
      assert.equal(run.state, 'succeeded', run.reason ?? '');
    }
    await look(tenantId);
    await clear();
    // What was restored last is kept for that; the others are nobody's any more.
    assert.deepEqual(await statesOf(tenantId), ['kept', 'removed', 'removed', 'removed', 'kept']);
  });

  it('are tried again where the place refuses, and keep no other from going', async () => {
    const { tenantId, ids } = await tenantWith(6, 5, 1);
    const stuck: Place = {
      ...world.place,
      async delete(key) {
        if (key.includes(ids[0]!)) throw Object.assign(new Error('no'), { name: 'AccessDenied' });
        return world.place.delete(key);
      },
    };
    await clear(new Date(), stuck);
    assert.deepEqual(await statesOf(tenantId), ['removing', 'removed', 'kept']);
    const [row] = await world.rowsOf(tenantId);
    assert.equal(row?.remove_failure, 'backup_place_refused');
    await clear();
    assert.deepEqual((await statesOf(tenantId))[0], 'removing', 'not before an hour is over');
    await clear(new Date(Date.now() + 3_700_000));
    assert.deepEqual(await statesOf(tenantId), ['removed', 'removed', 'kept']);
  });

  it('all go when their tenant is erased, and the certificate counts them', async () => {
    const { tenantId, slug } = await installation.provision({ name: 'Goes' });
    for (let times = 0; times < 2; times++) await world.make(tenantId);
    const { runId } = await installation.removeTenant(tenantId, slug);
    assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
    assert.deepEqual(await world.filesOf(tenantId), []);
    assert.deepEqual(await statesOf(tenantId), ['removed', 'removed']);
    const [erasure] = await installation.asAdmin<{ counts_before: Counts; counts_after: Counts }>(
      null,
      'select counts_before, counts_after from erasures where tenant_id = $1',
      [tenantId],
    );
    assert.equal(erasure?.counts_before['backups']?.['backups'], 2);
    assert.equal(erasure.counts_after['backups']?.['backups'], 0);
  });

  it('do not come back with an attempt that was frozen over the erasure', async () => {
    const { tenantId, slug } = await installation.provision({ name: 'Frozen' });
    const deps = createDeps(installation.platform, installation.temporal.client);
    const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const card = cardKeyOf(tenantId);
    const left = async () => {
      const keys: string[] = [];
      for await (const { key } of world.place.list(folderOfTenant(tenantId))) keys.push(key);
      return keys;
    };
    const frozen: Place = {
      ...world.place,
      async put(key, pieces, signal) {
        if (key === card) {
          reached.resolve();
          await released.promise;
        }
        return world.place.put(key, pieces, signal);
      },
    };
    const ref = { runId: randomUUID(), tenantId, epoch: 1 };
    const writing = writeCopy(
      { ...deps, backupPlace: frozen },
      { ...ref, stepId: randomUUID(), resourceId: null, intent: 'act' },
      { backupId: randomUUID(), lockedUntil: null, fence: false, discarded: [] },
      new AbortController().signal,
    );
    writing.catch(() => undefined); // told below
    await reached.promise;
    const { runId } = await installation.removeTenant(tenantId, slug);
    assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
    const shredding = await certified(installation, tenantId);
    released.resolve();
    await assert.rejects(writing, is('tenant_erased'));
    assert.deepEqual(await left(), []);
    // One that died before it could look again: what it laid down goes with the certificate, which may be asked for twice.
    const late = Buffer.from('{}');
    for (const key of [card, `${folderOfTenant(tenantId)}/late/parts/00000001`])
      await world.place.put(key, Readable.from([late]));
    await shreddingActivities(deps)['shredding.certify']({ runId: shredding.id, tenantId: null, epoch: 1 });
    assert.deepEqual(await left(), []);
    await deps.closeStores();
  });

  it('are read again by the clock, once, those that were longest unread first; rot is told of while there are others', async () => {
    const { tenantId, ids } = await tenantWith(1, 0, 0);
    for (const [at, days] of [31, 40, 29].entries())
      await installation.asAdmin(
        null,
        `update backups set verified_at = now() - $1::int * interval '1 day' where id = $2`,
        [days, ids[at]],
      );
    const path = join(installation.configuration.backups.place, partKeyOf({ tenantId, backupId: ids[1]! }, 1));
    await truncate(path, (await stat(path)).size - 1);
    const now = new Date();
    assert.deepEqual(await rereadBackups(installation.em, now, 0), []);
    const reread = () => rereadBackups(installation.em, now, 30);
    const runIds = (await Promise.all([reread(), reread()])).flat();
    const read = await installation.asAdmin<{ subject_id: string; queue: string }>(
      null,
      'select subject_id, queue from runs where id = any($1)',
      [runIds],
    );
    assert.deepEqual(read.map(({ subject_id: id }) => id).toSorted(), [ids[0], ids[1]].toSorted());
    assert.ok(read.every(({ queue }) => queue === 'bulk'));
    assert.ok((await longestUnread(installation.em, now)) > (39 * dayMs) / 1_000);
    for (const runId of runIds) {
      await startRun(installation.platform, installation.temporal.client, runId);
      await installation.runIsOver(runId);
    }
    const rows = new Map((await world.rowsOf(tenantId)).map((row) => [row.id, row]));
    assert.deepEqual(
      ids.map((id) => [rows.get(id)?.verified_as, rows.get(id)?.refusal_code]),
      [
        ['good', null],
        ['bad', 'backup_truncated'],
        ['good', null],
      ],
    );
    assert.ok((await world.tasks('backup_broken')).some(({ state }) => state === 'open'));
    assert.ok((await longestUnread(installation.em, now)) < (30 * dayMs) / 1_000);
    assert.deepEqual(await reread(), []);
  });
}).timeout(120_000);

type Counts = Record<string, Record<string, number>>;
