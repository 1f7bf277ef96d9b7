import { ConfigurationError, readConfiguration } from '#domain/configuration.ts';
import { createLogger } from '#observability/logging.ts';
import { startMetricsServer } from '#observability/metrics.ts';
import { tracing } from '#observability/tracing.ts';
import { PortTakenError, startApi } from './server.ts';

/** The role `api` as a process of its own; `observability/register.ts` is imported before it when traces are wanted. */
const logger = createLogger('api');
try {
  const configuration = readConfiguration();
  const api = await startApi(configuration, { logger });
  const metrics = configuration.metricsPort ? await startMetricsServer(configuration.metricsPort) : null;

  const stop = async () => {
    await api.stop();
    await metrics?.stop();
    await tracing()?.stop();
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  logger.info({ url: api.url }, 'api is ready');
} catch (error) {
  if (error instanceof ConfigurationError || error instanceof PortTakenError)
    process.stderr.write(`${error.message}\n`);
  else logger.fatal({ err: error }, 'the API could not start');
  process.exit(1);
}
