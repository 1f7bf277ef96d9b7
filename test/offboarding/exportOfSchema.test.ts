import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { DomainError } from '#contracts/errors.ts';
import { openTemporalClient } from '#temporal/connection.ts';
import { createDeps, type WorkerDeps } from '#workers/createDeps.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { inTenant } from '#test/scenarios/offboarding/leavingTenant.ts';
import type { ResourceSpec, ExportedPart } from '#providers/provider.ts';

describe('an export of a schema', function () {
  this.timeout(120_000);
  let installation: TestInstallation;
  let deps: WorkerDeps;
  let spec: ResourceSpec;
  let tenantId: string;

  before(async () => {
    installation = await TestInstallation.start();
    await installation.startWorker();
    const tenant = await installation.provision({ name: 'Odd tables' });
    tenantId = tenant.tenantId;
    deps = createDeps(installation.platform, openTemporalClient(installation.platform).client);
    const [resource] = await installation.asAdmin<{ id: string }>(
      null,
      `select id from resources where tenant_id = $1 and provider = 'database'`,
      [tenantId],
    );
    const { id: installationId } = installation.platform.installation;
    spec = {
      installationId,
      tenantId,
      resourceId: resource!.id,
      runId: tenant.runId,
      epoch: 1,
      region: 'default',
      access: 'open',
    };
  });
  after(async () => {
    await deps?.closeStores();
    await installation?.stop();
  });

  async function read(): Promise<Map<string, { part: ExportedPart; rows: Record<string, unknown>[] }>> {
    const all = new Map();
    for await (const part of deps.providers['database']!.export(spec, new AbortController().signal)) {
      const pieces: Buffer[] = [];
      for await (const piece of part.pieces) pieces.push(piece);
      const text = Buffer.concat(pieces).toString();
      const rows =
        text === ''
          ? []
          : text
              .trimEnd()
              .split('\n')
              .map((line) => JSON.parse(line) as Record<string, unknown>);
      assert.equal(rows.length, part.sourceRows, part.name);
      all.set(part.name, { part, rows });
    }
    return all;
  }

  it('takes what tables may hold: odd names, types and texts, partitions, no columns, no rows', async () => {
    await inTenant(
      installation,
      tenantId,
      `create type mood as enum ('sad', 'a "quoted" one');
       create type pair as (a int, b text);
       create table "we""ird; drop" (
         n numeric, f float8, t text, j json, jb jsonb, b bytea, ts timestamptz, i interval, arr int[], m mood, p pair, r int4range,
         g int generated always as (1 + 1) stored, "ключ" uuid default gen_random_uuid());
       insert into "we""ird; drop" (n, f, t, j, jb, b, ts, i, arr, m, p, r) values
         ('NaN', 'infinity', E'a\\nb\\t\\\\c\\u0001"', E'{\\n "a" :\\t1}', '{"z":"\\u00e9"}', '\\x00ff', 'infinity', '1 day', '{1,null}',
          'a "quoted" one', '(1,"x y")', '[1,5)'),
         (12345678901234567890.123456789, null, '', null, null, '', '-infinity', null, '{}', null, null, 'empty');
       create table nothing ();
       insert into nothing default values;
       create table parted (k int, v text) partition by list (k);
       create table parted_1 partition of parted for values in (1);
       create table parted_2 partition of parted for values in (2);
       insert into parted values (1, 'one'), (2, 'two');
       create table parent (a int); create table child (b int) inherits (parent);
       insert into parent values (1); insert into child values (2, 3);
       create view seen as select 1;`,
    );
    const all = await read();
    const weird = all.get('we"ird; drop')!;
    assert.partialDeepStrictEqual(weird.rows[0], {
      n: 'NaN',
      f: 'Infinity',
      t: 'a\nb\t\\c\u0001"',
      j: { a: 1 },
      b: '\\x00ff',
      ts: 'infinity',
      arr: [1, null],
      m: 'a "quoted" one',
      p: { a: 1, b: 'x y' },
      g: 2,
    });
    assert.equal((weird.part.about?.['columns'] as unknown[]).length, 14);
    assert.deepEqual(all.get('nothing')?.rows, [{}]);
    assert.equal(all.get('parted')?.rows.length, 2);
    assert.equal(all.has('parted_1') || all.has('seen'), false);
    assert.deepEqual(all.get('parent')?.rows, [{ a: 1 }]);
    assert.deepEqual(all.get('child')?.rows, [{ a: 2, b: 3 }]);
    const counted = await deps.providers['database']!.measure(spec);
    assert.equal(counted['tables'], all.size);
    assert.equal(
      counted['rows'],
      [...all.values()].reduce((sum, { rows }) => sum + rows.length, 0),
    );
  });

  it('is of one moment, although others write meanwhile', async () => {
    await inTenant(
      installation,
      tenantId,
      'create table aa (i int); create table zz (i int); insert into zz values (1)',
    );
    let seen = 0;
    for await (const part of deps.providers['database']!.export(spec, new AbortController().signal)) {
      if (part.name === 'aa') await inTenant(installation, tenantId, 'insert into zz values (2)');
      let rows = 0;
      for await (const piece of part.pieces) rows += piece.toString().split('\n').length - 1;
      if (part.name === 'zz') seen = rows;
    }
    assert.equal(seen, 1);
  });

  it('refuses to leave out what a row policy hides', async () => {
    await inTenant(
      installation,
      tenantId,
      `create table hidden (i int); insert into hidden values (1);
       alter table hidden enable row level security; alter table hidden force row level security;`,
    );
    await assert.rejects(read(), (error: DomainError) => /row-level security|row security/.test(error.message));
    await inTenant(installation, tenantId, 'drop table hidden');
  });

  it('reads rows of megabytes one after the other in bounded memory', async () => {
    await inTenant(
      installation,
      tenantId,
      `create table huge as select i, repeat(md5(i::text), 131072) as t from generate_series(1, 24) i`,
    );
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void; // what nobody holds any more does not count
    collect();
    const before = process.memoryUsage().arrayBuffers;
    let [most, bytes] = [0, 0];
    for await (const part of deps.providers['database']!.export(spec, new AbortController().signal))
      for await (const piece of part.pieces) {
        bytes += piece.length;
        collect();
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
        await new Promise((resume) => setImmediate(resume));
      }
    assert.ok(bytes > 100_000_000, `${bytes}`);
    assert.ok(most < 64_000_000, `${most}`);
  });
});
