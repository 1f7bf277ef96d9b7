/**
 * API and worker in one process, as in `npm start`, or one of them, as in production. `BENCH_ROLES` says which; ready is told
 * to the parent.
 */
import { startApi } from '#api/server.ts';
import { readConfiguration } from '#domain/configuration.ts';
import { startWorker } from '#workers/worker.ts';

const roles = process.env['BENCH_ROLES']?.split('+') ?? [];
const configuration = readConfiguration();
const api = roles.includes('api') ? await startApi(configuration) : null;
const worker = roles.includes('worker') ? await startWorker(configuration) : null;
worker?.ended.catch(() => process.exit(1));

const stop = async () => {
  await api?.stop();
  await worker?.stop();
  process.exit(0);
};
process.once('SIGTERM', () => void stop());
process.once('disconnect', () => void stop()); // the bench is gone; so are we
process.send?.({ ready: true, url: api?.url ?? null });
