import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Actor } from '#domain/events/appendEvent.ts';
import { withLogContext, type LogContext, type Logger } from '#observability/logging.ts';
import { countRequest } from '#observability/metrics.ts';
import { redactUrl } from '#observability/redaction.ts';

/** What is known of a request by the time it is logged. */
export interface RequestNotes {
  requestId: string;
  /** The pattern that matched; `unmatched` until one did. */
  route: string;
  /** What the address named, before it was checked. */
  params: Record<string, unknown>;
  error: Error | null;
  /** How the caller stands with each quota that was looked at, as the headers say it. */
  rates?: { policy: string; standing: string };
  /** Who asks, once that is known. */
  actor: Actor | null;
  about: Pick<LogContext, 'runId' | 'tenantId'>;
}

export const notesOf = (response: Response): RequestNotes => response.locals['notes'] as RequestNotes;

/** What a caller may choose as its request id: it ends up in logs, events and answers. */
const saneId = /^[\w.:-]{1,100}$/;

/** Gives each request its id, logs it once when it is over, and counts it. */
export function requestLog(logger: Logger): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const given = request.get('X-Request-Id');
    const requestId = given !== undefined && saneId.test(given) ? given : randomUUID();
    const notes: RequestNotes = { requestId, route: 'unmatched', params: {}, error: null, actor: null, about: {} };
    response.locals['notes'] = notes;
    response.setHeader('X-Request-Id', requestId);
    request.headers['x-request-id'] = requestId; // the pages hand it on to what they ask the API
    const { method, originalUrl } = request;
    const begun = performance.now();
    response.once('close', () => {
      const ms = Math.round((performance.now() - begun) * 10) / 10;
      const status = response.headersSent ? response.statusCode : 499; // nginx's word for a caller that left
      countRequest({ method, route: notes.route, status, seconds: ms / 1000 });
      const level = status >= 500 ? (status === 503 ? 'warn' : 'error') : quiet(notes.route) ? 'debug' : 'info';
      const entry = { requestId, method, path: redactUrl(originalUrl), route: notes.route, status, ms, ...notes.about };
      logger[level](notes.error && status >= 500 ? { ...entry, err: notes.error } : entry, 'request');
    });
    withLogContext({ requestId }, next);
  };
}

const quiet = (route: string): boolean => route.startsWith('/health/');
