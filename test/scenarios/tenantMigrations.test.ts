import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DomainError } from '#contracts/errors.ts';
import { schemaNameOf } from '#domain/resources/names.ts';
import type { ResourceSpec } from '#providers/provider.ts';
import { createDeps } from '#workers/createDeps.ts';
import { TestInstallation } from '../servers/installation.ts';
import { remainsOf } from '../servers/remains.ts';

describe('the tenant migrations of a SaaS product', () => {
  let installation: TestInstallation;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tenantry-migrations-'));
    installation = await TestInstallation.start({ TENANTRY_TENANT_MIGRATIONS: folder });
    await installation.startWorker();
  });
  after(async () => {
    await installation.stop();
    await rm(folder, { recursive: true });
  });

  async function write(files: Record<string, string>) {
    for (const name of await readdir(folder)) await rm(join(folder, name));
    for (const [name, sql] of Object.entries(files)) await writeFile(join(folder, name), sql);
  }
  const inStore = async <Row extends object>(text: string, values: unknown[] = []) => {
    const [store] = await installation.asAdmin<{ database_name: string }>(
      null,
      'select database_name from data_stores',
    );
    return installation.asAdmin<Row>(store?.database_name ?? '', text, values);
  };
  const tablesOf = async (tenantId: string) =>
    (
      await inStore<{ tablename: string }>('select tablename from pg_tables where schemaname = $1 order by 1', [
        schemaNameOf(tenantId),
      ])
    ).map(({ tablename }) => tablename);

  async function isRefused(name: string, reason: RegExp) {
    const { tenantId, runId } = await installation.createTenant({ name });
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'rolled_back');
    assert.match(run.reason ?? '', reason);
    assert.equal(run.steps.find(({ provider }) => provider === 'database')?.attempt, 1);
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  }

  it('replace the sample, and their tables are readable and writable for the tenant', async () => {
    await write({ '0001_widgets.sql': 'create table widgets (id int primary key)', 'README.md': 'is no migration' });
    const { tenantId } = await installation.provision({ name: 'Widgets' });
    assert.deepEqual(await tablesOf(tenantId), ['schema_migrations', 'widgets']);
    const [right] = await inStore<{ may: boolean }>(`select has_table_privilege($1, $2, 'insert') as may`, [
      schemaNameOf(tenantId),
      `${schemaNameOf(tenantId)}.widgets`,
    ]);
    assert.ok(right?.may);
  });

  it('leave no schema when one fails in the middle of its DDL, and are named in the reason', async () => {
    await write({
      '0001_good.sql': 'create table good (id int)',
      '0002_bad.sql': 'create table bad (id int); create table bad (id int);',
    });
    await isRefused('Bad DDL', /0002_bad failed: .*"bad" already exists \(42P07\)/);
  });

  for (const [what, sql] of Object.entries({
    commits: 'create table a (id int); commit; create table b (id int);',
    'commits and begins again': 'create table a (id int); commit; begin; select 1;',
    'rolls back': 'create table a (id int); rollback; select 1;',
  }))
    it(`are refused and cleaned when one ${what}`, async () => {
      await write({ '0001_ends.sql': sql });
      await isRefused(`One that ${what}`, /0001_ends ends the transaction/);
    });

  it('are refused when one commits and then fails', async () => {
    await write({ '0001_ends.sql': 'create table a (id int); commit; select 1 / 0;' });
    await isRefused('Commits and fails', /0001_ends/);
  });

  it('are refused when numbers are missing, repeated or not understood', async () => {
    await write({ '0001_a.sql': 'select 1', '0003_c.sql': 'select 1' });
    await isRefused('Gap', /"0003_c\.sql" does not fit/);
    await write({ '0001_a.sql': 'select 1', '0001_b.sql': 'select 1' });
    await isRefused('Repeated', /"0001_b\.sql" does not fit/);
    await write({ '1_a.sql': 'select 1' });
    await isRefused('Not understood', /"1_a\.sql" does not fit/);
  });

  it('are refused when one makes a table outside its schema, and nothing of it stays', async () => {
    await write({ '0001_outside.sql': 'create table public.escaped (id int)' });
    await isRefused('Outside', /0001_outside failed: permission denied for schema public/);
    assert.deepEqual(await inStore(`select 1 from pg_tables where tablename = 'escaped'`), []);
  });

  it('do not hand on what one of them sets, to the next tenant on the same connection', async () => {
    await write({ '0001_sets.sql': `set default_transaction_read_only = on; set search_path = pg_catalog;` });
    for (const name of ['First', 'Second', 'Third']) await installation.provision({ name: `${name} after SET` });
    await write({ '0001_sets.sql': `set default_transaction_read_only = on; commit;` });
    await isRefused('SET and COMMIT', /0001_sets ends the transaction/);
    await write({});
    for (const name of ['First', 'Second', 'Third']) await installation.provision({ name: `${name} after COMMIT` });
  });

  it('that were edited after they were applied are refused, and new ones are applied', async () => {
    await write({ '0001_a.sql': 'create table a (id int)' });
    const { tenantId, runId } = await installation.provision({ name: 'Edited' });
    const deps = createDeps(installation.platform, installation.temporal.client);
    try {
      const provider = deps.providers['database'];
      const [resource] = await installation.asAdmin<{ id: string }>(
        null,
        `select id from resources where tenant_id = $1 and provider = 'database'`,
        [tenantId],
      );
      assert.ok(provider && resource);
      const installationId = installation.platform.installation.id;
      const spec: ResourceSpec = {
        ...{ installationId, tenantId, runId, resourceId: resource.id },
        ...{ epoch: 1, region: 'default', access: 'open' },
      };
      const never = new AbortController().signal;

      await write({ '0001_a.sql': 'create table a (id bigint)', '0002_b.sql': 'create table b (id int)' });
      await assert.rejects(
        provider.ensure(spec, never),
        (error: DomainError) => error.code === 'migration_failed' && /0001_a was edited/.test(error.publicMessage),
      );
      assert.deepEqual(await tablesOf(tenantId), ['a', 'schema_migrations']);
      assert.deepEqual(
        (await provider.verify(spec)).map(({ what }) => what),
        ['applied migrations'],
      );

      await write({ '0001_a.sql': 'create table a (id int)', '0002_b.sql': 'create table b (id int)' });
      await provider.ensure(spec, never);
      assert.deepEqual(await tablesOf(tenantId), ['a', 'b', 'schema_migrations']);
      assert.deepEqual(await provider.verify(spec), []);
    } finally {
      await deps.closeStores();
    }
  });
});
