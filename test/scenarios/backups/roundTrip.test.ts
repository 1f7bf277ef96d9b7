import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rename, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DomainError } from '#contracts/errors.ts';
import { bucketNameOf, schemaNameOf } from '#domain/resources/names.ts';
import { streamPeople } from '#domain/members/realmPeople.ts';
import { findTenantRealm } from '#domain/people/realm.ts';
import { inTenant } from '#test/scenarios/offboarding/leavingTenant.ts';
import { addMember } from '#test/scenarios/handover/ownership.ts';
import { assertInTime } from '#test/run/patience.ts';
import { BackupWorld, digestsOf } from './backedUpTenant.ts';
import { oddSchema, otherwise } from './oddSchema.ts';

const refusal = (code: string) => (error: DomainError) => {
  assert.equal(error.code, code, error.stack);
  return true;
};

describe('a backup that is restored', function () {
  this.timeout(180_000);
  let world: BackupWorld;
  let tenantId: string;
  let slug: string;

  before(async () => {
    world = await BackupWorld.start();
  });
  after(() => world?.stop());
  beforeEach(async () => {
    ({ tenantId, slug } = await world.installation.provision({ name: `Odd ${Math.random()}` }));
  });

  const sql = (text: string, of = tenantId) => inTenant(world.installation, of, text);
  const bucketOf = (id: string) => join(world.installation.configuration.storageDir, bucketNameOf(id));
  const object = (name: string) => join(bucketOf(tenantId), name);
  const put = async (name: string, text: string | Buffer) => {
    await mkdir(join(object(name), '..'), { recursive: true });
    await writeFile(object(name), text);
  };
  const objectsIn = async (id: string) =>
    (await readdir(bucketOf(id), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.tenantry'))
      .map((entry) => join(entry.parentPath, entry.name).slice(bucketOf(id).length + 1))
      .toSorted();

  it('holds every row of every table as it was, with sequences, keys and what no migration makes', async () => {
    await sql(oddSchema);
    const { target, manifest } = await world.copy(tenantId);
    const before = await world.verify(target);
    assert.equal(manifest.fenceMs, null);
    assertInTime(manifest.skewMs, 5_001, 'the skew');
    await sql(otherwise);
    const restored = await world.bringBack(target);
    // Once more, when it is known what migrations make and what they do not.
    const anew = await world.bringBack(target);
    assert.deepEqual(anew['database']!.leftOut, restored['database']!.leftOut);
    const again = await world.copy(tenantId);
    const after = await world.verify(again.target);
    assert.deepEqual(digestsOf(after, 'database'), digestsOf(before, 'database'));
    const labels = (backup: typeof before) =>
      backup.parts
        .filter(({ source }) => source === 'database')
        .map(({ name, rows, about }) => ({ name, rows, about }));
    const leftOut = restored['database']!.leftOut.map(({ what }) => what);
    assert.deepEqual(leftOut.toSorted(), ['type mood', 'type positive']);
    const lost = new Set(leftOut);
    const comparable = (backup: typeof before) =>
      labels(backup).map(({ about, ...label }) => {
        const { shape, ...rest } = (about ?? {}) as { shape?: [string, string][] };
        return { ...label, ...rest, shape: shape?.filter(([what]) => !lost.has(what)).toSorted() };
      });
    assert.deepEqual(comparable(after), comparable(before));
    const { rows } = await sql(`select nextval('own_numbers') as own, (select g from "we""ird; drop" limit 1) as g,
      (select max(id) from "we""ird; drop") as id, has_table_privilege('${schemaNameOf(tenantId)}', 'parted', 'insert') as may`);
    assert.deepEqual(rows, [{ own: '22', g: 2, id: '3', may: true }]);
    await sql(`insert into "we""ird; drop" (t) values ('next')`);
    const verified = await world.deps.providers['database']!.verify((await world.specs(tenantId))[0]!.spec);
    assert.deepEqual(
      verified.filter(({ what }) =>
        /^(?:owner of|rights on) table (?:tasks|projects|settings|schema_)|migration/.test(what),
      ),
      [],
    );
    await world.deps.providers['database']!.prove((await world.specs(tenantId))[0]!.spec);
  });

  it('is of one point when writes are held for it, which wait and are all there afterwards', async () => {
    let goesOn = true;
    let [written, slowest] = [0, 0];
    const writing = (async () => {
      for (; goesOn; written++) {
        const startedAt = performance.now();
        await sql(`insert into projects (title) values ('Project ${written}')`);
        slowest = Math.max(slowest, performance.now() - startedAt);
      }
    })();
    const { manifest, target } = await world.copy(tenantId, undefined, { fence: true });
    goesOn = false;
    await writing;
    assertInTime(manifest.fenceMs ?? Infinity, 3_000, 'the fence');
    assertInTime(slowest, 3_500, 'the slowest write');
    assert.equal((await sql('select 1 from projects')).rowCount, written);
    await world.verify(target);
    // A source that fails lets go of them too.
    const bucket = bucketOf(tenantId);
    await rename(bucket, `${bucket}.away`);
    await writeFile(bucket, '');
    await world.copy(tenantId, undefined, { fence: true }).catch(() => null);
    await sql(`insert into projects (title) values ('Last')`);
  });

  it('comes back twice as once', async () => {
    await sql(`insert into settings (name, value) values ('a', '1')`);
    const { target } = await world.copy(tenantId);
    for (let time = 0; time < 2; time++) {
      const { database } = await world.bringBack(target);
      assert.deepEqual(database?.leftOut, []);
    }
    assert.deepEqual((await sql('select name from settings')).rows, [{ name: 'a' }]);
  });

  it('holds objects as they were when it was made: what is replaced meanwhile is of before, what is newer does not come back', async () => {
    await put('a/one.txt', 'one');
    await put('big', Buffer.alloc(3_000_000, 'big'));
    await put('漢字/ -rf', 'odd');
    await put('empty', '');
    await symlink('/etc/passwd', object('link'));
    await utimes(object('a/one.txt'), new Date('2020-01-01'), new Date('2020-01-01'));
    const { target, manifest } = await world.copy(tenantId);
    assert.partialDeepStrictEqual(
      manifest.sources.find(({ source }) => source === 'storage'),
      { objects: 4, changed: 0 },
    );
    await put('a/one.txt', 'another');
    await put('newer', 'newer');
    const { storage } = await world.bringBack(target);
    assert.equal(storage?.objects, 4);
    assert.deepEqual(await objectsIn(tenantId), ['a/one.txt', 'big', 'empty', '漢字/ -rf'].toSorted());
    assert.equal(await readFile(object('a/one.txt'), 'utf8'), 'one');
    assert.equal((await stat(object('a/one.txt'))).mtime.getFullYear(), 2020);
    assert.deepEqual(
      await world.deps.providers['storage']!.verify(
        (await world.specs(tenantId)).find(({ kind }) => kind === 'storage')!.spec,
      ),
      [],
    );
  });

  it('brings chosen objects back and leaves the others alone', async () => {
    for (const name of ['docs/a', 'docs/b', 'docs/sub/c', 'z']) await put(name, name);
    const { target } = await world.copy(tenantId);
    for (const name of ['docs/a', 'docs/b', 'docs/sub/c', 'z']) await put(name, 'changed');
    const { storage, ...others } = await world.bringBack(target, { storage: ['docs/a', 'docs/sub/'] });
    assert.deepEqual([storage?.objects, others], [2, {}]);
    const texts = await Promise.all(
      ['docs/a', 'docs/b', 'docs/sub/c', 'z'].map((name) => readFile(object(name), 'utf8')),
    );
    assert.deepEqual(texts, ['docs/a', 'changed', 'docs/sub/c', 'changed']);
    await assert.rejects(world.bringBack(target, { storage: ['none'] }), refusal('restore_refused'));
  });

  it('brings people back who are gone, and leaves who is there as they are', async () => {
    const { installation } = world;
    const owner = await addMember(installation, { tenantId, slug }, `a-${slug}@example.com`, 'tenant-admin');
    const gone = await addMember(installation, { tenantId, slug }, `b-${slug}@example.com`, 'member');
    const { target } = await world.copy(tenantId);
    await installation.asAdmin(null, 'delete from users where id = $1', [gone]);
    await installation.asAdmin(null, 'update users set disabled_at = now() where id = $1', [owner]);
    const { realm } = await world.bringBack(target, { realm: null });
    assert.equal(realm?.rows, 1);
    const people = [];
    const of = await findTenantRealm(installation.em, installation.platform, tenantId);
    for await (const person of streamPeople(installation.em, of!))
      people.push([person.email, person.role, person.state]);
    assert.deepEqual(people.toSorted(), [
      [`a-${slug}@example.com`, 'tenant-admin', 'disabled'],
      [`b-${slug}@example.com`, 'member', 'active'],
    ]);
  });

  it('can be restored beside, into another tenant, whose people are other accounts', async () => {
    const { installation } = world;
    await addMember(installation, { tenantId, slug }, `c-${slug}@example.com`, 'member');
    await sql(oddSchema);
    await put('a', 'a');
    const { target } = await world.copy(tenantId);
    const other = await installation.provision({ name: `Beside ${slug}` });
    for (let time = 0; time < 2; time++) await world.bringBack(target, null, other.tenantId);
    const [was, is] = [await world.open(target), await world.copy(other.tenantId)];
    assert.deepEqual(digestsOf(await world.verify(is.target), 'database'), digestsOf(was, 'database'));
    assert.deepEqual(await objectsIn(other.tenantId), ['a']);
    const of = await findTenantRealm(installation.em, installation.platform, other.tenantId);
    const people = [];
    for await (const { email } of streamPeople(installation.em, of!)) people.push(email);
    assert.deepEqual(people, [`c-${slug}@example.com`]);
    await assert.rejects(
      world.verify({ ...target, key: (await world.target(other.tenantId)).key }),
      refusal('backup_wrong_key'),
    );
  });

  it('brings chosen tables back, and says which rows would refer to nothing', async () => {
    await sql(`insert into projects (id, title) values ('00000000-0000-4000-8000-000000000001', 'One');
      insert into tasks (project_id, title) values ('00000000-0000-4000-8000-000000000001', 'Task')`);
    const { target } = await world.copy(tenantId);
    await sql(`delete from projects; insert into settings (name, value) values ('newer', '1')`);
    await assert.rejects(world.bringBack(target, { database: ['tasks'] }), (error: DomainError) => {
      assert.equal(error.code, 'restore_dangling');
      assert.match(error.publicMessage, /Rows of tasks would refer to rows of projects/);
      return true;
    });
    assert.equal((await sql('select 1 from tasks')).rowCount, 0);
    const { database } = await world.bringBack(target, { database: ['tasks', 'projects'] });
    assert.equal(database?.rows, 2);
    assert.deepEqual((await sql('select name from settings')).rows, [{ name: 'newer' }]);
    assert.equal((await sql('select 1 from tasks join projects p on p.id = project_id')).rowCount, 1);
    for (const only of [['none'], [], ['schema_migrations']])
      await assert.rejects(world.bringBack(target, { database: only }), refusal('restore_refused'));
  });

  it('is refused where somebody else rests on what is in the schema, however they do', async () => {
    const own = schemaNameOf(tenantId);
    const { target } = await world.copy(tenantId);
    await sql(`create type own_mood as enum ('glad')`);
    for (const resting of [
      `create view elsewhere.seen as select title from ${own}.tasks`,
      `create table elsewhere.refers (id uuid references ${own}.projects (id))`,
      `create table elsewhere.typed (one ${own}.own_mood)`,
      `create table elsewhere.listed (tasks ${own}.tasks[])`,
      `create domain elsewhere.glad as ${own}.own_mood`,
      `create function elsewhere.told(${own}.tasks) returns int language sql as 'select 1'`,
      `create table elsewhere.inherits () inherits (${own}.settings)`,
    ]) {
      await sql(`create schema elsewhere; ${resting}`);
      await assert.rejects(world.bringBack(target), (error: DomainError) => {
        assert.equal(error.code, 'restore_refused', error.stack);
        assert.match(error.publicMessage, /something in the schema elsewhere rests on what is in it/, resting);
        return true;
      });
      await sql('drop schema elsewhere cascade');
    }
    await sql(`create extension pg_trgm schema ${own}`);
    await assert.rejects(world.bringBack(target), /the extension pg_trgm rests on what is in it/);
    await sql('drop extension pg_trgm');
    await world.bringBack(target);
  });

  it('leaves everything as it was when a part is broken, and its neighbours always', async () => {
    const neighbour = await world.installation.provision({ name: `Neighbour ${slug}` });
    await sql('create view theirs as select 1 as one', neighbour.tenantId);
    const untouched = digestsOf(await world.open((await world.copy(neighbour.tenantId)).target), 'database');
    await sql(oddSchema);
    const { target, manifest } = await world.copy(tenantId);
    await sql(`update settings set value = '{"after":1}'`);
    await put('after', 'after');
    const last = manifest.parts.filter(({ source }) => source === 'database').at(-1)!;
    const path = join(
      world.folder,
      'backups',
      'backups',
      tenantId,
      target.backupId,
      'parts',
      String(last.number).padStart(8, '0'),
    );
    const bytes = await readFile(path);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(path, bytes);
    await assert.rejects(world.bringBack(target), refusal('backup_damaged'));
    assert.deepEqual((await sql('select value from settings')).rows, [{ value: { after: 1 } }]);
    assert.deepEqual(await objectsIn(tenantId), ['after']);
    assert.deepEqual(digestsOf(await world.open((await world.copy(neighbour.tenantId)).target), 'database'), untouched);
  });
});
