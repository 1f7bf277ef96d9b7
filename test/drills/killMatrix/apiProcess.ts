import { readConfiguration } from '#domain/configuration.ts';
import { createLogger } from '#observability/logging.ts';
import { startApi } from '#api/server.ts';

/** The API as a process of its own, to be killed; it says where it listens. */
const api = await startApi(readConfiguration(), {
  logger: createLogger('test', { level: process.env['TENANTRY_LOG_LEVEL'] ?? 'fatal' }),
});
process.once('disconnect', () => process.exit(0)); // the drill is gone; so are we
process.send?.({ url: api.url });
