import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import pg from 'pg';
import { startTemporalOnPostgres, type TemporalOnPostgres } from './temporalOnPostgres.ts';

const adminUrl = process.env['TEST_ADMIN_DATABASE_URL']!;

describe('Temporal on PostgreSQL, as docker-compose.yml runs it', function () {
  this.timeout(600_000); // the first time on a machine it is built
  let dir: string;
  let temporal: TemporalOnPostgres;

  const databases = async (): Promise<string[]> => {
    const client = new pg.Client({ connectionString: adminUrl });
    await client.connect();
    try {
      const { rows } = await client.query<{ datname: string }>(
        `select datname from pg_database where datname like 'temporal\\_%' order by 1`,
      );
      return rows.map((row) => row.datname);
    } finally {
      await client.end();
    }
  };

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tenantry-temporal-'));
    temporal = await startTemporalOnPostgres({ adminUrl, dir });
  });
  after(async () => {
    await temporal?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('serves with the schemas of deploy/, the namespace and the search attributes', async () => {
    const connection = await Connection.connect({ address: temporal.address });
    try {
      const { serverVersion } = await connection.workflowService.getSystemInfo({});
      assert.equal(serverVersion, '1.29.1');
      const { persistenceStore, visibilityStore } = await connection.workflowService.getClusterInfo({});
      assert.deepEqual([persistenceStore, visibilityStore], ['postgres12', 'postgres12']);
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
      assert.ok(customAttributes?.['TenantryTenantId']);
    } finally {
      await connection.close();
    }
  });

  it('can stand beside another one, and leaves nothing of its own', async () => {
    const before = await databases();
    const other = await startTemporalOnPostgres({ adminUrl, dir });
    assert.equal((await databases()).length, before.length + 2);
    await other.stop();
    assert.deepEqual(await databases(), before);
    assert.throws(() => process.kill(other.pid, 0));
  });
});
