import assert from 'node:assert/strict';
import { schemaNameOf } from '#domain/resources/names.ts';
import { createDeps } from '#workers/createDeps.ts';
import { TestInstallation } from '../servers/installation.ts';
import { remainsOf } from '../servers/remains.ts';

describe('data stores with room for two tenants', () => {
  let installation: TestInstallation;

  before(async () => {
    installation = await TestInstallation.start({ TENANTRY_STORE_MAX_TENANTS: '2' });
  });
  after(() => installation.stop());

  const stores = () =>
    installation.asAdmin<{ database_name: string; tenant_count: number; state: string }>(
      null,
      'select database_name, tenant_count, state from data_stores order by ordinal',
    );
  const storeOf = async (tenantId: string) => {
    const [row] = await installation.asAdmin<{ database_name: string }>(
      null,
      'select database_name from data_stores s join resources r on r.store_id = s.id where r.tenant_id = $1',
      [tenantId],
    );
    return row?.database_name ?? '';
  };

  it('are opened once when two workers open the next one at the same time', async () => {
    const both = [1, 2].map(() => createDeps(installation.platform, installation.temporal.client));
    try {
      await Promise.all(
        both.flatMap(({ placement }) => [placement.ensureRoom('default'), placement.openNext('default')]),
      );
      const opened = await stores();
      assert.deepEqual(
        opened.map(({ tenant_count, state }) => [tenant_count, state]),
        [[0, 'open']],
      );
    } finally {
      for (const deps of both) await deps.closeStores();
    }
  });

  it('are four for seven tenants at once, and a place that became free is used again', async () => {
    await Promise.all([installation.startWorker(), installation.startWorker()]);
    const tenants = await Promise.all(
      Array.from({ length: 7 }, (_, i) => installation.provision({ name: `Crowded ${i}` })),
    );
    const full = await stores();
    assert.deepEqual(
      full.map(({ tenant_count, state }) => [tenant_count, state]),
      [
        [2, 'open'],
        [2, 'open'],
        [2, 'open'],
        [1, 'open'],
      ],
    );
    for (const { tenantId } of tenants) {
      const found = await installation.asAdmin(
        await storeOf(tenantId),
        'select 1 from pg_namespace where nspname = $1',
        [schemaNameOf(tenantId)],
      );
      assert.equal(found.length, 1);
    }

    const first = full[0]?.database_name;
    const leaving = [];
    for (const tenant of tenants) if ((await storeOf(tenant.tenantId)) === first) leaving.push(tenant);
    assert.equal(leaving.length, 2);
    await Promise.all(
      leaving.map(async ({ tenantId, slug }) => {
        const { runId } = await installation.removeTenant(tenantId, slug);
        assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
        assert.deepEqual(await remainsOf(installation, tenantId), []);
      }),
    );
    assert.equal((await stores())[0]?.tenant_count, 0);

    const next = await installation.provision({ name: 'Takes the free place' });
    assert.equal(await storeOf(next.tenantId), first);
    assert.deepEqual(
      (await stores()).map(({ tenant_count }) => tenant_count),
      [1, 2, 2, 1],
    );
  });
});
