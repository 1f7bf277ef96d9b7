import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { checkout } from '#local/paths.ts';
import { startBareSql, type Rival } from './bareSql.ts';
import { BenchControlPlane } from './benchControlPlane.ts';
import { percentile, type Bench, type Figure } from './figure.ts';

const warmUps = 5;
const count = 25;

/** What a workflow of the product costs against the least it could: taken in turns, so that a busy machine troubles all alike. */
export const overhead: Figure = {
  name: 'overhead',
  async measure(bench) {
    const controlPlane = await BenchControlPlane.start(bench, 'api+worker');
    const bareSql = await startBareSql(controlPlane.urls.provisionerUrl, join(checkout, 'migrations', 'tenant'));
    const fourSteps = await startFourSteps(bench);
    const times = { product: [] as number[], step: [] as number[], sql: [] as number[], engine: [] as number[] };
    try {
      for (let i = -warmUps; i < count; i++) {
        const began = performance.now();
        const { runId } = await controlPlane.api.createTenant(`Overhead ${i + warmUps}`);
        const run = await controlPlane.api.succeeded(runId);
        const product = performance.now() - began;
        const step = run.steps.find(({ provider }) => provider === 'database');
        const sql = await timeOf(bareSql.run);
        const engine = await timeOf(fourSteps.run);
        if (i < 0) continue;
        times.product.push(product);
        times.step.push(Date.parse(step?.finishedAt ?? '') - Date.parse(step?.startedAt ?? ''));
        times.sql.push(sql);
        times.engine.push(engine);
      }
    } finally {
      await fourSteps.stop();
      await bareSql.stop();
      await controlPlane.stop();
    }
    const p50 = (values: number[]) => percentile(values, 0.5);
    const n = count;
    return [
      { what: 'a tenant, from request to seen success, p50', value: p50(times.product), unit: 'ms', n },
      { what: 'four empty activities, default options, p50', value: p50(times.engine), unit: 'ms', n },
      { what: 'a tenant against four empty activities', value: p50(times.product) / p50(times.engine), unit: '×', n },
      { what: 'the database step in the ledger, p50', value: p50(times.step), unit: 'ms', n },
      { what: 'its SQL on one connection, no engine, p50', value: p50(times.sql), unit: 'ms', n },
      { what: 'the database step against its SQL', value: p50(times.step) / p50(times.sql), unit: '×', n },
    ];
  },
};

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

export const nothing = async (): Promise<void> => undefined;

/** A worker without codec, ledger and tracing in this process. */
async function startFourSteps({ servers }: Bench): Promise<Rival> {
  const address = servers.temporalAddress;
  const taskQueue = `bench-${randomUUID()}`;
  Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [] });
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: join(import.meta.dirname, 'workflows', 'fourSteps.ts'),
    logger: new DefaultLogger('WARN'),
  });
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({ connection, taskQueue, workflowBundle, activities: { nothing } });
  const running = worker.run();
  const clientConnection = await Connection.connect({ address });
  const client = new Client({ connection: clientConnection });
  return {
    run: () => client.workflow.execute('fourSteps', { taskQueue, workflowId: `fourSteps-${randomUUID()}` }),
    async stop() {
      worker.shutdown();
      await running;
      await clientConnection.close();
      await connection.close();
    },
  };
}
