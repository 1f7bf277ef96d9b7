import { createRequire } from 'node:module';
import type { Context as ActivityContext } from '@temporalio/activity';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { ActivityInterceptors, InjectedSinks } from '@temporalio/worker';
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
  OpenTelemetryWorkflowClientInterceptor,
  type OpenTelemetrySinks,
} from '@temporalio/interceptors-opentelemetry-v2';
import { tracing } from './tracing.ts';

/**
 * The workflow side of tracing: a module for `bundleWorkflowCode({ workflowInterceptorModules })`. It is in every
 * bundle, with tracing or without, so that switching tracing on cannot change how a recorded history replays.
 */
export const tracingWorkflowModules: readonly string[] = [
  createRequire(import.meta.url).resolve('@temporalio/interceptors-opentelemetry-v2/lib/workflow-interceptors'),
];

/** For `new Client({ interceptors: { workflow } })`: the trace goes with the start into the workflow. */
export function tracingClientInterceptors(): WorkflowClientInterceptor[] {
  return tracing() ? [new OpenTelemetryWorkflowClientInterceptor()] : [];
}

/** For `Worker.create({ interceptors: { activity } })`, before other interceptors so that their work is in the span. */
export function tracingActivityInterceptors(): ((context: ActivityContext) => ActivityInterceptors)[] {
  if (!tracing()) return [];
  return [
    (context) => ({
      inbound: new OpenTelemetryActivityInboundInterceptor(context),
      outbound: new OpenTelemetryActivityOutboundInterceptor(context),
    }),
  ];
}

/** For `Worker.create({ sinks })`: takes the spans out of the workflow's sandbox, or drops them when nobody traces. */
export function tracingSinks(): InjectedSinks<OpenTelemetrySinks> {
  const current = tracing();
  if (!current) return { exporter: { export: { fn: () => undefined, callDuringReplay: false } } };
  return { exporter: makeWorkflowExporter(current.spanProcessor, current.resource) };
}
