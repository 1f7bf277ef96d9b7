import { AsyncLocalStorage } from 'node:async_hooks';
import { trace } from '@opentelemetry/api';
import type { Logger as TemporalLogger, LogLevel, LogMetadata } from '@temporalio/common';
import { pino, stdSerializers, type Logger } from 'pino';
import { prettyLine } from './prettyLine.ts';
import { isHarmless, redact } from './redaction.ts';

export type { Logger } from 'pino';

/** Which process speaks; `start` is everything in one. */
export type Role = 'start' | 'api' | 'worker' | 'migrate' | 'test';

/** Whom a line is about. Opaque ids only: they are what a person searches for. */
export interface LogContext {
  requestId?: string;
  runId?: string;
  tenantId?: string;
}

const contexts = new AsyncLocalStorage<LogContext>();

/** Every line that `fn` writes, however deep and late, carries these ids besides those that were set around it. */
export function withLogContext<T>(context: LogContext, fn: () => T): T {
  const around = contexts.getStore();
  return contexts.run(around ? { ...around, ...context } : context, fn);
}

/** The ids that are set here. */
export const logContext = (): LogContext => contexts.getStore() ?? {};

export interface LoggerOptions {
  level?: string;
  /** Where lines go; standard output unless told. */
  write?: (line: string) => void;
  /** One readable line instead of JSON; chosen by whether standard output is a terminal unless told. */
  pretty?: boolean;
}

/**
 * Logs as JSON lines, or as readable lines on a terminal. Everything passes one gate on its way out, which withholds
 * secrets and personal data: messages, bindings of children and errors alike.
 */
export function createLogger(role: Role, options: LoggerOptions = {}): Logger {
  const write = options.write ?? writeSoon;
  const pretty = options.pretty ?? process.stdout.isTTY === true;
  const gate = {
    write(line: string): void {
      if (!pretty && isHarmless(line)) return write(line);
      const entry = redact(JSON.parse(line)) as Record<string, unknown>;
      write(pretty ? prettyLine(entry) : `${JSON.stringify(entry)}\n`);
    },
  };
  return pino(
    {
      level: options.level ?? process.env['TENANTRY_LOG_LEVEL'] ?? 'info',
      base: { role },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.errWithCause, error: stdSerializers.errWithCause },
      mixin: () => ({ ...traceIds(), ...contexts.getStore() }),
    },
    gate,
  );
}

/** What one turn of the event loop logs is one write: a call of the system for each line costs more than the line. */
let waiting = '';

function writeSoon(line: string): void {
  if (waiting === '') setImmediate(writeWaiting);
  waiting += line;
}

function writeWaiting(): void {
  const lines = waiting;
  waiting = '';
  if (lines !== '') process.stdout.write(lines);
}
process.on('exit', writeWaiting);

function traceIds(): { traceId?: string } {
  const traceId = trace.getActiveSpan()?.spanContext().traceId;
  return traceId === undefined ? {} : { traceId };
}

/** What Temporal's SDK writes (worker, workflows, activities, core) in the same log: `Runtime.install({ logger })`. */
export function temporalLogger(logger: Logger): TemporalLogger {
  const log = (level: LogLevel, message: string, meta: LogMetadata = {}): void => {
    const { error, ...rest } = meta;
    const details = Object.fromEntries(
      Object.entries(rest).map(([name, value]) => [
        name,
        typeof value === 'bigint' ? String(value) : (value as unknown),
      ]),
    );
    logger[levels[level]]({ ...details, ...(error === undefined ? {} : { err: error as unknown }) }, message);
  };
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  };
}

const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
