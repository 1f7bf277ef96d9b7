import assert from 'node:assert/strict';
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { backUpServer, checkServerArchive, shipServerLog } from '#activities/recovery/serverBackups.ts';
import { registry as metrics } from '#observability/metrics.ts';
import { never, physicalGround, type PhysicalGround } from '#test/physical/physicalGround.ts';
import { TestInstallation } from '#test/servers/installation.ts';

describe('the whole server that is backed up by the clock', () => {
  let ground: PhysicalGround;
  let installation: TestInstallation;
  before(async () => {
    ground = await physicalGround();
    installation = await TestInstallation.start({
      ...{ TENANTRY_PHYSICAL_BACKUP: 'lowlevel', TENANTRY_PHYSICAL_DATABASE_URL: ground.server.adminUrl },
      TENANTRY_BASE_BACKUPS_KEPT: '1',
    });
  });
  after(async () => {
    await installation.stop();
    await ground.stop();
  });

  const deps = () => ({ ...installation.platform, physical: ground.backup });
  const backups = () =>
    installation.asAdmin<{ id: string; state: string }>(
      null,
      'select id, state from server_backups order by created_at',
    );
  const tasks = (kind: string) =>
    installation.asAdmin<{ state: string; reason_code: string }>(
      null,
      `select state, reason_code from tasks where kind = '${kind}' order by opened_at`,
    );
  const tomorrow = () =>
    installation.asAdmin(null, `update server_backups set created_at = created_at - interval '1 day'`);

  it('is copied and read again when none was since the day’s time, once, and the older one goes', async () => {
    assert.deepEqual(await backUpServer(deps(), never), { done: 1, isOver: true });
    assert.deepEqual(await backUpServer(deps(), never), { done: 0, isOver: true });
    const [{ id } = { id: '' }] = await backups();
    await tomorrow();
    assert.equal((await backUpServer(deps(), never)).done, 1);
    assert.deepEqual(
      (await backups()).map(({ state }) => state),
      ['removed', 'proven'],
    );
    assert.ok((await ground.backup.list()).every((one) => one.id !== id));
    const told = await installation.asAdmin(null, `select 1 from events where type = 'server.backed_up'`);
    assert.equal(told.length, 2);
    assert.match(await metrics.metrics(), /tenantry_server_backups_total\{outcome="proven"\} 2/);
  });

  it('has its log taken away, and a gap in it asks for a person and for a base backup behind it', async () => {
    await ground.backup.flush(never);
    await ground.ask('select pg_switch_wal()');
    await ground.ask(`select pg_logical_emit_message(true, 'test', 'more')`);
    await ground.backup.flush(never);
    await shipServerLog(deps(), never);
    await checkServerArchive(deps(), never);
    assert.deepEqual(await tasks('archive_broken'), []);
    const [system] = await readdir(join(ground.placeDir, 'physical'));
    const folder = join(ground.placeDir, 'physical', system!, 'wal', '00000001');
    const segments = (await readdir(folder)).filter((name) => /^[0-9a-f]{24}-/.test(name)).toSorted();
    await rm(join(folder, segments.at(-2)!));
    await checkServerArchive(deps(), never);
    assert.deepEqual(await tasks('archive_broken'), [{ state: 'open', reason_code: 'physical_wal_gap' }]);
    assert.equal((await backUpServer(deps(), never)).done, 1);
    await checkServerArchive(deps(), never);
    assert.deepEqual(await tasks('archive_broken'), [{ state: 'done', reason_code: 'physical_wal_gap' }]);
  });

  it('that cannot be written or is too old asks for a person, until it is well again', async () => {
    const where = join(ground.placeDir, 'physical');
    await rename(where, `${where}.aside`);
    await writeFile(where, 'in the way');
    await tomorrow();
    assert.equal((await backUpServer(deps(), never)).done, 0);
    assert.deepEqual((await tasks('server_backup')).at(-1), { state: 'open', reason_code: 'backup_place_gone' });
    // What failed for good is not tried again at once.
    assert.equal((await backUpServer(deps(), never)).done, 0);
    await rm(where);
    await rename(`${where}.aside`, where);
    await installation.asAdmin(null, `update server_backups set reaches_from = reaches_from - interval '2 days'`);
    await checkServerArchive(deps(), never);
    assert.deepEqual((await tasks('server_backup')).at(-1), { state: 'open', reason_code: 'physical_not_found' });
    await tomorrow();
    assert.equal((await backUpServer(deps(), never)).done, 1);
    assert.equal((await tasks('server_backup')).at(-1)?.state, 'done');
  });
});
