import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { DomainError } from '#contracts/errors.ts';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { inTenant } from '#test/scenarios/offboarding/leavingTenant.ts';
import { readTenantMigrations } from '#providers/database/tenantMigrations.ts';
import { BackupWorld, digestsOf } from './backedUpTenant.ts';
import { oddSchema } from './oddSchema.ts';
import { spoilings } from './spoilings.ts';

/** D11, both ways: each bad backup is refused for its own reason and changes nothing; the good one restores with equal digests. */
describe('a backup that is not what was written', function () {
  this.timeout(300_000);
  let world: BackupWorld;
  let tenantId: string;
  let neighbourId: string;

  before(async () => {
    world = await BackupWorld.start();
    ({ tenantId } = await world.installation.provision({ name: 'Spoiled' }));
    ({ tenantId: neighbourId } = await world.installation.provision({ name: 'Neighbour' }));
    await inTenant(world.installation, tenantId, oddSchema);
  });
  after(() => world?.stop());

  for (const [what, spoil] of Object.entries(spoilings))
    it(`is refused, and leaves the tenant as it is: ${what}`, async () => {
      const { target, manifest } = await world.copy(tenantId);
      const other = await world.copy(neighbourId);
      const good = digestsOf(await world.verify(target), 'database');
      const spoiled = await spoil.apply({
        root: join(world.folder, 'backups'),
        target,
        manifest,
        other: other.target,
        world,
      });
      const before = digestsOf(await world.open((await world.copy(tenantId)).target), 'database');
      for (const read of [world.verify(spoiled.target), world.bringBack(spoiled.target)])
        await assert.rejects(read, (error: DomainError) => {
          assert.ok(spoil.codes.includes(error.code as never), `${error.code}: ${error.stack}`);
          return true;
        });
      assert.deepEqual(digestsOf(await world.open((await world.copy(tenantId)).target), 'database'), before);
      await spoiled.mend();
      await world.bringBack(target);
      assert.deepEqual(digestsOf(await world.open((await world.copy(tenantId)).target), 'database'), good);
    });
});

describe('a backup from before or after a migration', function () {
  this.timeout(300_000);
  let world: BackupWorld;
  let folder: string;
  let tenantId: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tenantry-migrations-'));
    await cp(join(import.meta.dirname, '../../../migrations/tenant'), folder, { recursive: true });
    world = await BackupWorld.start({ TENANTRY_TENANT_MIGRATIONS: folder });
  });
  after(async () => {
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const sql = (text: string) => inTenant(world.installation, tenantId, text);
  const migrated =
    'alter table tasks add column points int not null default 1;\nupdate tasks set points = length(title);';

  it('is migrated forward when it is older, whole or in chosen tables, and refused when it is newer or of other migrations', async () => {
    ({ tenantId } = await world.installation.provision({ name: `Migrated ${randomUUID()}` }));
    await sql(`insert into projects (id, title) values ('00000000-0000-4000-8000-000000000001', 'One');
      insert into tasks (project_id, title) values ('00000000-0000-4000-8000-000000000001', 'four')`);
    const { target, manifest } = await world.copy(tenantId);
    assert.equal(manifest.schemaVersion, 1);
    await writeFile(join(folder, '0002_points.sql'), migrated);
    assert.equal((await readTenantMigrations(folder)).length, 2);
    await world.bringBack(target);
    assert.deepEqual((await sql('select title, points from tasks')).rows, [{ title: 'four', points: 4 }]);
    assert.equal((await sql('select count(*)::int as n from schema_migrations')).rows[0].n, 2);

    await sql('delete from tasks');
    await world.bringBack(target, { database: ['tasks'] });
    assert.deepEqual((await sql('select title, points from tasks')).rows, [{ title: 'four', points: 4 }]);
    const schemas = await sql(`select nspname from pg_namespace where nspname like '%\\_beside'`);
    assert.equal(schemas.rowCount, 0);

    const newer = await world.copy(tenantId);
    assert.equal(newer.manifest.schemaVersion, 2);
    await rm(join(folder, '0002_points.sql'));
    const refused = (code: string) => (error: DomainError) => error.code === code;
    await assert.rejects(world.bringBack(newer.target), refused('backup_schema_newer'));
    await writeFile(join(folder, '0002_points.sql'), `${migrated}\n-- edited`);
    await assert.rejects(world.bringBack(newer.target), refused('backup_schema_unknown'));
    assert.deepEqual((await sql('select points from tasks')).rows, [{ points: 4 }]);
  });
});
