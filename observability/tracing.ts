import { setTimeout as sleep } from 'node:timers/promises';
import type { Resource } from '@opentelemetry/resources';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Role } from './logging.ts';

/** What the Temporal worker needs to send the spans that were made inside workflows. */
export interface Tracing {
  resource: Resource;
  spanProcessor: SpanProcessor;
  stop(): Promise<void>;
}

let running: Tracing | null = null;

/** The tracing of this process, or null when none was asked for. */
export const tracing = (): Tracing | null => running;

/**
 * Starts OpenTelemetry when `OTEL_EXPORTER_OTLP_ENDPOINT` is set, else does nothing and loads nothing. It must run
 * before http, express and pg are imported: ES modules cannot be patched afterwards (`register.ts` sees to that).
 * Service name, sampler and resource attributes follow OpenTelemetry's own variables.
 */
export async function startTracing(role: Role, env: NodeJS.ProcessEnv = process.env): Promise<Tracing | null> {
  if (running || !env['OTEL_EXPORTER_OTLP_ENDPOINT'] || env['OTEL_SDK_DISABLED'] === 'true') return running;
  await hookImports();

  const [{ NodeSDK }, { OTLPTraceExporter }, { BatchSpanProcessor }, resources, http, express, pg, { scrubbing }] =
    await Promise.all([
      import('@opentelemetry/sdk-node'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/instrumentation-http'),
      import('@opentelemetry/instrumentation-express'),
      import('@opentelemetry/instrumentation-pg'),
      import('./spanScrubbing.ts'),
    ]);

  const resource = resources
    .defaultResource()
    .merge(resources.detectResources({ detectors: [resources.envDetector] }))
    .merge(resources.resourceFromAttributes({ 'service.name': env['OTEL_SERVICE_NAME'] ?? `tenantry-${role}` }));
  const spanProcessor = new BatchSpanProcessor(scrubbing(new OTLPTraceExporter()), { scheduledDelayMillis: 1_000 });
  const sdk = new NodeSDK({
    resource,
    autoDetectResources: false,
    spanProcessors: [spanProcessor],
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [
      new http.HttpInstrumentation({
        // Health checks and idle event streams would drown the traces that people look for.
        ignoreIncomingRequestHook: ({ url = '' }) => url.startsWith('/health/') || url.endsWith('/events'),
        requireParentforOutgoingSpans: true,
      }),
      new express.ExpressInstrumentation({ ignoreLayersType: [express.ExpressLayerType.MIDDLEWARE] }),
      new pg.PgInstrumentation({ requireParentSpan: true }),
    ],
  });
  sdk.start();
  running = {
    resource,
    spanProcessor,
    async stop() {
      running = null;
      // A collector that is away must not keep a process from ending, nor make its end look like a crash.
      await Promise.race([sdk.shutdown().catch(() => undefined), sleep(3_000, undefined, { ref: false })]);
    },
  };
  return running;
}

const traced = ['http', 'https', 'node:http', 'node:https', 'express', 'pg', 'pg-pool'];

/** Only what is traced goes through the loader hook; wrapping every module would slow the start for nothing. */
async function hookImports(): Promise<void> {
  const { register } = await import('import-in-the-middle/register-hooks.mjs');
  register({ include: traced });
}
