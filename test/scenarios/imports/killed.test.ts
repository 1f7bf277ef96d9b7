import assert from 'node:assert/strict';
import { theSystem } from '#domain/events/appendEvent.ts';
import { receiveFile } from '#domain/imports/receiveFile.ts';
import { requestCancel } from '#domain/runs/ending/cancelRun.ts';
import { ImportQuery } from '#contracts/imports/imports.ts';
import { startRun } from '#temporal/startRun.ts';
import { TestInstallation } from '../../servers/installation.ts';
import type { RemoteWorker } from '../../servers/remoteWorker.ts';

describe('an import whose worker is killed with -9', () => {
  let installation: TestInstallation;
  let worker: RemoteWorker;
  before(async () => {
    installation = await TestInstallation.start({ TENANTRY_IMPORT_CONCURRENCY: '4' });
    worker = await installation.startWorkerProcess();
  });
  after(() => installation.stop());

  async function send(name: string, lines: number): Promise<{ importId: string; runId: string }> {
    async function* file(): AsyncGenerator<Buffer> {
      yield Buffer.from(
        `name,external id\n${Array.from({ length: lines }, (_, at) => `${name} ${at},${name}-${at}`).join('\n')}\n`,
      );
    }
    const query = ImportQuery.parse({ fileName: `${name}.csv`, startWhenValid: 'true' });
    const { registry, installation: ours } = installation.platform;
    return receiveFile({ registry, keyring: ours.keyring }, query, file(), theSystem);
  }
  const count = async (from: string): Promise<number> =>
    Number((await installation.asAdmin<{ n: string }>(null, `select count(*) as n from ${from}`))[0]?.n);
  const takeOver = async () => {
    await worker.kill();
    worker = await installation.startWorkerProcess();
  };

  for (const [at, when] of [
    ['import.check', 'after'],
    ['import.turn', 'before'],
  ] as const)
    it(`${when} ${at} makes each tenant once`, async () => {
      const name = `${at.replace('.', '-')}-${when}`;
      const { runId } = await send(name, 5);
      const { halted } = await worker.haltAt(at, when);
      await startRun(installation.platform, installation.temporal.client, runId);
      await halted;
      await takeOver();
      assert.equal((await installation.runIsOver(runId, 90_000)).state, 'succeeded');
      assert.equal(await count(`tenants where external_id like '${name}-%' and state = 'active'`), 5);
      assert.equal(
        await count(
          `runs r join tenants t on t.id = r.tenant_id where t.external_id like '${name}-%' and r.kind = 'provisionTenant'`,
        ),
        5,
      );
    });

  it('again and again while tenants are made still makes each once', async () => {
    const { runId } = await send('often', 10);
    await startRun(installation.platform, installation.temporal.client, runId);
    for (const made of [2, 6]) {
      await installation.until(
        `${made} tenants`,
        60_000,
        async () => (await count(`tenants where external_id like 'often-%' and state = 'active'`)) >= made,
      );
      await takeOver();
    }
    assert.equal((await installation.runIsOver(runId, 120_000)).state, 'succeeded');
    assert.equal(await count(`tenants where external_id like 'often-%'`), 10);
    assert.equal(
      await count(`import_origins o join tenants t on t.id = o.tenant_id where t.external_id like 'often-%'`),
      10,
    );
  });

  it('ends when its cancel was accepted while nobody worked, and what is under way ends by itself', async () => {
    const { runId } = await send('stopped', 20);
    await startRun(installation.platform, installation.temporal.client, runId);
    await installation.until(
      'a tenant',
      60_000,
      async () => (await count(`tenants where external_id like 'stopped-%'`)) >= 2,
    );
    await worker.kill();
    await installation.em.transactional((em) => requestCancel(em, runId, theSystem));
    worker = await installation.startWorkerProcess();
    assert.equal((await installation.runIsOver(runId, 90_000)).state, 'cancelled');
    assert.equal(await count(`tenants where external_id like 'stopped-%' and state <> 'active'`), 0);
    assert.ok((await count(`tenants where external_id like 'stopped-%'`)) < 20);
  });
}).timeout(240_000);
