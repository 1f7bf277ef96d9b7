import assert from 'node:assert/strict';
import pg from 'pg';
import { openCheck } from '#domain/drift/check.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { schemaNameOf } from '#domain/resources/names.ts';
import { startRun } from '#temporal/startRun.ts';
import { TestInstallation } from '../../servers/installation.ts';

/** More resources than a batch of fifty holds. */
const tenants = 20;

describe('a check for drift whose worker is killed', () => {
  let installation: TestInstallation;

  before(async () => {
    installation = await TestInstallation.start();
  });
  after(() => installation.stop());

  it('goes on with the batch that was under way, and looks at nothing twice that was written', async function () {
    this.timeout(120_000); // twenty tenants and two workers, beside whatever else is tested
    const worker = await installation.startWorkerProcess();
    await Promise.all(Array.from({ length: tenants }, (_, i) => installation.provision({ name: `Of many ${i}` })));
    const databases = await installation.asAdmin<{ tenant_id: string }>(
      null,
      `select tenant_id from resources where provider = 'database' order by id`,
    );
    const [first, last] = [databases[0]!.tenant_id, databases.at(-1)!.tenant_id];
    const [store] = await installation.asAdmin<{ name: string }>(null, 'select database_name as name from data_stores');
    await installation.asAdmin(store!.name, `alter role ${schemaNameOf(first)} connection limit 1`);

    // The last tenant's list of migrations cannot be read: the second batch waits.
    const url = new URL(installation.adminUrl);
    url.pathname = `/${store!.name}`;
    const blocker = new pg.Client({ connectionString: url.toString() });
    await blocker.connect();
    try {
      await blocker.query(`begin; lock table ${schemaNameOf(last)}.schema_migrations in access exclusive mode`);
      const runId = await installation.em.transactional((em) => openCheck(em, null, theSystem));
      await startRun(installation.platform, installation.temporal.client, runId);
      await installation.until('the first batch to be written', 20_000, async () => {
        const { progress } = await installation.run(runId);
        return progress?.done === 50;
      });
      await worker.kill();
      // Mended behind our back: whoever looks at the first batch again would not find it any more.
      await installation.asAdmin(store!.name, `alter role ${schemaNameOf(first)} connection limit -1`);
      await blocker.query('rollback');
      await installation.startWorkerProcess();

      const run = await installation.runIsOver(runId);
      assert.equal(run.state, 'succeeded', run.reason ?? '');
      assert.partialDeepStrictEqual(run.progress, { done: tenants * 3, total: tenants * 3, found: 1 });
      const states = await installation.asAdmin<{ state: string }>(null, 'select state from drift_findings');
      assert.deepEqual(states, [{ state: 'open' }]);
    } finally {
      await blocker.end();
    }
  });
});
