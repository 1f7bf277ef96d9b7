import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import { isSecretName, redactSql, redactText, redactUrl } from './redaction.ts';

const sqlNames = new Set(['db.statement', 'db.query.text']);
const urlNames = new Set(['http.url', 'http.target', 'url.full', 'url.path', 'url.query']);

/** Cleans spans on their way out: SQL loses its literals, addresses their credentials and values, texts their secrets. */
export function scrubbing(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(scrubbed), done),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}

/** The original is left alone, since other processors may hold it; methods and timing are inherited from it. */
export function scrubbed(span: ReadableSpan): ReadableSpan {
  return Object.create(span, {
    attributes: { value: cleanAttributes(span.attributes), enumerable: true },
    events: {
      value: span.events.map((event) => ({ ...event, attributes: cleanAttributes(event.attributes ?? {}) })),
      enumerable: true,
    },
    status: {
      value:
        span.status.message === undefined ? span.status : { ...span.status, message: redactText(span.status.message) },
      enumerable: true,
    },
  }) as ReadableSpan;
}

function cleanAttributes(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes)
      .map(([name, value]) => [name, clean(name, value)] as const)
      .filter(([, value]) => value !== undefined),
  );
}

/** Structures are dropped: spans from workflows carry the whole WorkflowInfo, memo and last failure included. */
function clean(name: string, value: AttributeValue | undefined): AttributeValue | undefined {
  if (isSecretName(name.split('.').at(-1) ?? name)) return '[redacted]';
  if (typeof value === 'string') {
    if (sqlNames.has(name)) return redactSql(value);
    if (name === 'url.query') return redactUrl(`?${value}`).slice(1);
    return urlNames.has(name) ? redactUrl(value) : redactText(value);
  }
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (!Array.isArray(value) || value.some((inner) => typeof inner === 'object')) return undefined;
  return value.map((inner) => (typeof inner === 'string' ? redactText(inner) : inner)) as string[];
}
