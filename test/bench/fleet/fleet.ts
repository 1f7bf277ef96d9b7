import { availableParallelism } from 'node:os';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { FleetSettings } from '#contracts/fleet/migrations.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { readCatalogue } from '#domain/fleet/catalogue.ts';
import { openFleetRun } from '#domain/fleet/openFleetRun.ts';
import { startRun } from '#temporal/startRun.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { countDdl } from '#test/scenarios/fleet/countDdl.ts';
import type { Bench, Figure } from '../figure.ts';
import { changedByDjango, DjangoTenants, query } from './django.ts';
import { changeSql, firstFile, firstSql, plantFleet, plantPlain } from './plantFleet.ts';

/** BENCH_FLEET_SCHEMAS makes it smaller, to try it out. */
const count = Number(process.env['BENCH_FLEET_SCHEMAS'] ?? 1_000);
const patienceMs = 300_000;

/**
 * One ALTER and one index for a thousand schemas, on the same PostgreSQL within the same minutes: by a run of the fleet from its
 * opening to its end, by a plain loop over one connection, and by django-tenants. Then a run is killed and resumed, and what the
 * server carried out is counted.
 */
export const fleet: Figure = {
  name: 'fleet',
  async measure(bench) {
    const folder = await mkdtemp(join(bench.place, 'migrations-'));
    const write = (name: string, sql: string) => writeFile(join(folder, name), sql);
    await write(firstFile, firstSql);
    const installation = await TestInstallation.start(
      {
        TENANTRY_WORKFLOW_BUNDLE: bench.workflowBundle,
        TENANTRY_TENANT_MIGRATIONS: folder,
        TENANTRY_STORE_MAX_TENANTS: String(count * 4),
      },
      bench.servers,
    );
    try {
      let worker = await installation.startWorkerProcess();
      const { store, tenants } = await plantFleet(installation, count);
      const { adminUrl } = bench.servers;
      const plain = await plantPlain(adminUrl, store, count);
      const { django, database } = await DjangoTenants.start({
        ...{ adminUrl, place: bench.place, count },
        processes: Math.max(2, availableParallelism()),
      });

      await write('0002_due.sql', changeSql('due_at'));
      await isTold(installation, 2);
      const ours = await timed(async () => runIsDone(installation, await open(installation)));
      const loop = await timed(() => plainLoop(bench, store, plain));
      const djangos = await timed(() => django.migrate());
      const changed = await changedByDjango(adminUrl, database);
      if (changed !== count) throw new Error(`django-tenants changed ${changed} of ${count} schemas`);
      await query(adminUrl, 'postgres', `drop database ${database} with (force)`);

      const statements = await countDdl(adminUrl, [store]);
      await write('0003_seen.sql', changeSql('seen_at'));
      await isTold(installation, 3);
      const killed = await open(installation);
      await installation.until('a third to be migrated', patienceMs, async () => {
        const { progress } = await installation.run(killed);
        return (progress?.done ?? 0) >= count / 3;
      });
      await worker.kill();
      const atKill = (await installation.run(killed)).progress?.done ?? 0;
      worker = await installation.startWorkerProcess();
      await runIsDone(installation, killed);
      const counted = [...(await statements()).values()];
      if (counted.length !== tenants.length * 2)
        throw new Error(`${counted.length} statements were seen of ${tenants.length * 2}`);
      const repeated = counted.reduce((sum, times) => sum + times - 1, 0);

      return [
        { what: `${count} schemas, a run of the fleet`, value: ours, unit: 's', n: count },
        { what: 'schemas a second', value: count / ours, unit: '/s', n: count },
        { what: 'a plain loop over one connection', value: loop, unit: 's', n: count },
        { what: 'django-tenants, multiprocessing', value: djangos, unit: 's', n: count },
        { what: 'as fast as the plain loop', value: loop / ours, unit: '×' },
        { what: 'as fast as django-tenants', value: djangos / ours, unit: '×', limit: { atLeast: 15 } },
        { what: 'migrated when its worker was killed', value: atKill, unit: '', n: count },
        { what: 'statements repeated after it', value: repeated, unit: '', limit: { atMost: 0 } },
      ];
    } finally {
      await installation.stop();
    }
  },
};

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

async function open(installation: TestInstallation): Promise<string> {
  const { digest } = await readCatalogue(installation.em);
  const runId = await installation.em.transactional((em) =>
    openFleetRun(em, { ...FleetSettings.parse({}), digest }, theSystem),
  );
  await startRun(installation.platform, installation.temporal.client, runId);
  return runId;
}

async function runIsDone(installation: TestInstallation, runId: string): Promise<void> {
  const run = await installation.runIsOver(runId, patienceMs);
  if (run.state !== 'succeeded') throw new Error(`the run ended ${run.state}: ${run.reason}`);
}

const isTold = (installation: TestInstallation, version: number): Promise<unknown> =>
  installation.until(`version ${version} to be told`, 20_000, async () => {
    const { migrations } = await readCatalogue(installation.em);
    return migrations.length === version;
  });

/** What one writes first: a transaction for each schema, one after the other. Over as many schemas, which only it has. */
async function plainLoop({ servers }: Bench, store: string, schemas: string[]): Promise<void> {
  const url = new URL(servers.adminUrl);
  url.pathname = `/${store}`;
  const client = new pg.Client({ connectionString: url.toString() });
  await client.connect();
  try {
    for (const schema of schemas)
      for (const text of ['begin', `set local search_path = ${schema}`, ...changeSql('due_at').split('\n'), 'commit'])
        await client.query(text);
  } finally {
    await client.end();
  }
}
