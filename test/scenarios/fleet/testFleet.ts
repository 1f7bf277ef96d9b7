import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetSettings } from '#contracts/fleet/migrations.ts';
import type { Run } from '#contracts/runs.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openFleetRun } from '#domain/fleet/openFleetRun.ts';
import { readCatalogue } from '#domain/fleet/catalogue.ts';
import { viewFleetRun } from '#domain/fleet/viewFleetRun.ts';
import { schemaNameOf } from '#domain/resources/names.ts';
import { catalogueOf, tenantFleet } from '#providers/database/tenantFleet.ts';
import { StoreConnections } from '#providers/database/stores/storeConnections.ts';
import { startRun } from '#temporal/startRun.ts';
import { countDdl } from './countDdl.ts';
import { TestInstallation } from '../../servers/installation.ts';

export const first = { '0001_tasks.sql': 'create table tasks (id uuid primary key, title text not null)' };
export const second = {
  ...first,
  '0002_due.sql': 'alter table tasks add column due_at timestamptz;\ncreate index tasks_due on tasks (due_at);',
};

export interface TestTenant {
  tenantId: string;
  slug: string;
  runId: string;
  schema: string;
  store: string;
}

/** Tenants in several data stores, and a folder of migrations of their own. */
export class TestFleet {
  readonly installation: TestInstallation;
  readonly folder: string;
  readonly files: Record<string, string> = { ...first };
  newest = 1;

  private constructor(installation: TestInstallation, folder: string) {
    this.installation = installation;
    this.folder = folder;
  }

  static async start(env: Record<string, string> = {}): Promise<TestFleet> {
    const folder = await mkdtemp(join(tmpdir(), 'tenantry-fleet-'));
    const installation = await TestInstallation.start({
      TENANTRY_TENANT_MIGRATIONS: folder,
      TENANTRY_STORE_MAX_TENANTS: '4',
      ...env,
    });
    const fleet = new TestFleet(installation, folder);
    await fleet.write(first);
    return fleet;
  }

  async stop(): Promise<void> {
    await this.installation.stop();
    await rm(this.folder, { recursive: true });
  }

  /** Exchanges the files, and waits until the registry knows. */
  async write(files: Record<string, string>, { isTold = false } = {}): Promise<void> {
    for (const name of await readdir(this.folder)) await rm(join(this.folder, name));
    for (const [name, text] of Object.entries(files)) await writeFile(join(this.folder, name), text);
    if (isTold) await this.isTold();
  }

  async isTold(): Promise<void> {
    const { digest } = await this.folderNow();
    await this.installation.until('a worker to tell of its folder', 10_000, async () => {
      return (await readCatalogue(this.installation.em)).digest === digest;
    });
  }

  async folderNow() {
    const connections = new StoreConnections(this.installation.env['TENANTRY_PROVISIONER_DATABASE_URL']!);
    return catalogueOf(await tenantFleet({ connections, migrationsDir: this.folder }).read());
  }

  async provision(count: number, name = 'Of the fleet'): Promise<TestTenant[]> {
    const made = [];
    for (let at = 0; at < count; at++) made.push(await this.installation.provision({ name: `${name} ${at + 1}` }));
    return Promise.all(made.map((tenant) => this.located(tenant)));
  }

  async located(tenant: { tenantId: string; slug: string; runId: string }): Promise<TestTenant> {
    const [row] = await this.installation.asAdmin<{ store: string }>(
      null,
      `select database_name as store from resources r join data_stores s on s.id = r.store_id where tenant_id = $1 and provider = 'database'`,
      [tenant.tenantId],
    );
    assert.ok(row);
    return { ...tenant, schema: schemaNameOf(tenant.tenantId), store: row.store };
  }

  /** One more file in the folder, known to the registry. */
  async add(sql: string): Promise<void> {
    this.newest += 1;
    this.files[`${String(this.newest).padStart(4, '0')}_step.sql`] = sql;
    await this.write(this.files, { isTold: true });
  }

  refuses = (settings: object, code: string, text?: RegExp): Promise<void> =>
    assert.rejects(
      this.migrate(settings),
      (error: { code: string; publicMessage: string }) =>
        error.code === code && (text === undefined || text.test(error.publicMessage)),
    );

  rowsOf = (runId: string): Promise<{ tenant_id: string; wave: number; state: string; reason: string | null }[]> =>
    this.installation.asAdmin(null, 'select tenant_id, wave, state, reason from fleet_tenants where run_id = $1', [
      runId,
    ]);

  /** Why the one tenant was set aside that was. */
  async reasonIn(runId: string): Promise<string> {
    const set = (await this.rowsOf(runId)).filter(({ state }) => state === 'quarantined');
    assert.equal(set.length, 1);
    return set[0]?.reason ?? '';
  }

  /** Plans with what the folder holds now, opens the run and starts it. */
  async migrate(settings: object = {}): Promise<string> {
    const { digest } = await readCatalogue(this.installation.em);
    const runId = await this.installation.em.transactional((em) =>
      openFleetRun(em, { ...FleetSettings.parse(settings), digest }, theSystem),
    );
    await startRun(this.installation.platform, this.installation.temporal.client, runId);
    return runId;
  }

  async ends(state: Run['state'], runId: string): Promise<Run> {
    const run = await this.installation.runIsOver(runId);
    assert.equal(run.state, state, run.reason ?? '');
    return run;
  }

  waves = async (runId: string): Promise<[string, number, number][]> =>
    (await viewFleetRun(this.installation.em, runId)).waves.map(({ title, total, migrated }) => [
      title,
      total,
      migrated,
    ]);

  in = <Row extends object>({ store }: TestTenant, text: string): Promise<Row[]> =>
    this.installation.asAdmin<Row & Record<string, unknown>>(store, text);

  /** What the tenant's own list says. */
  async versionOf(tenant: TestTenant): Promise<number> {
    const [row] = await this.in<{ version: number }>(
      tenant,
      `select max(number)::int as version from ${tenant.schema}.schema_migrations`,
    );
    return row?.version ?? 0;
  }

  versionsOf = (tenants: TestTenant[]): Promise<number[]> => Promise.all(tenants.map((one) => this.versionOf(one)));

  countStatements = (tenants: TestTenant[]): Promise<() => Promise<Map<string, number>>> =>
    countDdl(
      this.installation.adminUrl,
      tenants.map(({ store }) => store),
    );
}
