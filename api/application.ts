import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type ErrorRequestHandler, type Express } from 'express';
import helmet from 'helmet';
import { DomainError } from '#contracts/errors.ts';
import type { ApiContext } from './context.ts';
import { docsPage } from './docsPage.ts';
import { mountRoutes, type Mounting } from './mounting/mountRoutes.ts';
import { openapiDocument } from './openapiDocument.ts';
import type { Pages } from './pages.ts';
import { isHttps } from './http/plainHttp.ts';
import { domainErrorOf, writeProblem } from './http/problems.ts';
import { limitAddresses } from './http/rateLimits.ts';
import { notesOf, requestLog } from './http/requestLog.ts';
import { routeTable } from './routeTable.ts';

/** What belongs to the API and never to a page. */
const apiPaths = /^\/(?:api|health|t|openapi\.json|docs)(?:\/|$)/;

/** Asked by who may be asked to wait; an orchestrator's probes may not. */
const limitedPaths = /^\/(?:api|t)\//;

/** Everything that answers on the one origin: the API's routes, its documents, and the pages after them. */
export function buildApplication(mounting: Mounting, pages: Pages | null): Express {
  const { configuration } = mounting.context.platform;
  const app = express();
  app.disable('x-powered-by').disable('etag').set('trust proxy', configuration.trustedProxies);
  app.use(requestLog(mounting.context.logger));
  app.use(securityHeaders(isHttps(configuration.publicUrl)));
  app.use(limitAddresses(mounting.context.limits, limitedPaths));
  app.use(mountRoutes(routeTable, mounting));
  app.use(documents(configuration.publicUrl));
  app.use((request, response, next) => {
    if (pages && !apiPaths.test(request.path)) return pages(request, response, next);
    throw new DomainError('not_found', 'There is nothing at this address.');
  });
  app.use(answerErrors(mounting.context));
  return app;
}

/** Pages bring a policy of their own, with nonces: two policies would both have to allow what one of them knows. */
function securityHeaders(https: boolean): express.RequestHandler {
  const common = {
    // `no-referrer` would make browsers send `Origin: null` with forms, which same-origin checks refuse.
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: https ? { maxAge: 31_536_000, includeSubDomains: false } : false,
    xFrameOptions: { action: 'deny' },
  } as const;
  const forPages = headersOf(helmet({ ...common, contentSecurityPolicy: false }));
  const forAnswers = headersOf(
    helmet({
      ...common,
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          styleSrc: ["'self'"],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
    }),
  );
  return (request, response, next) => {
    for (const [name, value] of apiPaths.test(request.path) ? forAnswers : forPages) response.setHeader(name, value);
    next();
  };
}

/** What helmet sets, asked once: it is the same for every answer, and working it out anew costs as much as a handler. */
function headersOf(middleware: ReturnType<typeof helmet>): [name: string, value: string][] {
  const headers: [string, string][] = [];
  const response = {
    setHeader: (name: string, value: string) => headers.push([name, value]),
    removeHeader: () => undefined,
  };
  middleware({} as IncomingMessage, response as unknown as ServerResponse, () => undefined);
  return headers;
}

/** Made when somebody first asks, because that takes as long as the rest of a start, and then kept: they change with the code only. */
function documents(publicUrl: string): express.Router {
  let made: { json: string; html: string; css: string } | null = null;
  const make = () => {
    const document = openapiDocument(routeTable, publicUrl);
    return { json: JSON.stringify(document), ...docsPage(document) };
  };
  const router = express.Router({ caseSensitive: true, strict: true });
  const texts = [
    ['/openapi.json', 'application/json; charset=utf-8', 'json'],
    ['/docs', 'text/html; charset=utf-8', 'html'],
    ['/docs/style.css', 'text/css; charset=utf-8', 'css'],
  ] as const;
  for (const [path, type, which] of texts) {
    router
      .route(path)
      .get((_request, response) => {
        notesOf(response).route = path;
        response.set({ 'Content-Type': type, 'Cache-Control': 'public, max-age=300' }).end((made ??= make())[which]);
      })
      .all((request, response) => {
        notesOf(response).route = path;
        response.set('Allow', 'GET, HEAD, OPTIONS');
        if (request.method === 'OPTIONS') return void response.status(204).end();
        throw new DomainError('method_not_allowed', 'Only GET, HEAD, OPTIONS may be used here.');
      });
  }
  return router;
}

const answerErrors =
  ({ refusals }: Pick<ApiContext, 'refusals'>): ErrorRequestHandler =>
  (error: unknown, request, response, _next) => {
    const notes = notesOf(response);
    const meant = domainErrorOf(error);
    notes.error = meant;
    refusals.note(request, notes, meant);
    if (response.headersSent) return void response.destroy(); // a half answer must not look like a whole one
    writeProblem(response, meant, notes.requestId);
  };
