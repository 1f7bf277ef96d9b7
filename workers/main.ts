import { ConfigurationError, readConfiguration } from '#domain/configuration.ts';
import { createLogger } from '#observability/logging.ts';
import { startMetricsServer } from '#observability/metrics.ts';
import { tracing } from '#observability/tracing.ts';
import { startWorker } from './worker.ts';

/** The role `worker` as a process of its own. */
const logger = createLogger('worker');
try {
  const configuration = readConfiguration();
  const worker = await startWorker(configuration, { logger });
  const metrics = configuration.metricsPort ? await startMetricsServer(configuration.metricsPort) : null;

  const stop = async () => {
    await worker.stop();
    await metrics?.stop();
    await tracing()?.stop();
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  worker.ended.catch((error: unknown) => {
    logger.fatal({ err: error }, 'the worker ended');
    process.exit(1);
  });
  logger.info({ taskQueue: configuration.taskQueue }, 'worker is ready');
} catch (error) {
  if (!(error instanceof ConfigurationError)) logger.fatal({ err: error }, 'the worker could not start');
  else process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
