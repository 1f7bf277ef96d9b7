/**
 * To be imported before anything that shall be traced: `node --import ./observability/register.ts api/main.ts`, or as
 * the first line of a main file that imports the rest dynamically. Without an OTLP endpoint it costs nothing.
 */
import { basename, dirname } from 'node:path';

if (process.env['OTEL_EXPORTER_OTLP_ENDPOINT']) {
  const { startTracing } = await import('./tracing.ts');
  const room = basename(dirname(process.argv[1] ?? ''));
  await startTracing(room === 'api' ? 'api' : room === 'workers' ? 'worker' : 'start');
}
