import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { DomainError } from '#contracts/errors.ts';
import { roles, type Permission, type Role } from '#contracts/permissions.ts';
import { withLogContext } from '#observability/logging.ts';
import type { ApiContext } from './context.ts';
import { readBody } from './http/bodies.ts';
import { inviteOrigin, refuseCrossOrigin } from './http/crossOrigin.ts';
import { writeEvents } from './http/eventStream.ts';
import { parseInput } from './http/inputs.ts';
import { carryOutOnce, idempotencyKey } from './http/once.ts';
import { CallerRates } from './http/rates.ts';
import { notesOf } from './http/requestLog.ts';
import { nothing, type AnyRoute, type RequestContext, type Route, type StreamRoute } from './route.ts';
import type { SessionCookie } from './signIn/sessionCookie.ts';
import { callerOf, type Caller } from './signIn/caller.ts';

export interface Mounting {
  context: ApiContext;
  cookie: SessionCookie;
  ownOrigins: ReadonlySet<string>;
  /** Where Temporal's UI is reached: its pages may ask for decoded histories. */
  codecOrigins: ReadonlySet<string>;
  /** Aborted when the API stops: streams end by it. */
  stopping: AbortSignal;
}

/** The one loop that turns routes into handlers: whoever adds a route gets every check by adding it to the table. */
export function mountRoutes(routes: Record<string, AnyRoute>, mounting: Mounting): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  for (const [path, onPath] of Map.groupBy(Object.entries(routes), ([, route]) => route.path)) {
    const place = router.route(path.replace(/\{(\w+)\}/g, ':$1'));
    for (const [name, route] of onPath) {
      if (!route.permission) throw new Error(`the route ${name} declares no permission`);
      place[route.method](serve(route, mounting));
    }
    place.all(
      refuseMethod(
        onPath.map(([, route]) => route),
        mounting,
      ),
    );
  }
  return router;
}

function refuseMethod(routes: AnyRoute[], { codecOrigins }: Mounting): RequestHandler {
  const methods = routes.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
  const allow = [...methods, 'OPTIONS'].join(', ');
  return (request, response) => {
    notesOf(response).route = routes[0]?.path ?? 'unmatched';
    response.set('Allow', allow);
    if (routes.some(({ crossOrigin }) => crossOrigin)) inviteOrigin(request, response, codecOrigins, allow);
    if (request.method === 'OPTIONS') return void response.status(204).end();
    throw new DomainError('method_not_allowed', `Only ${allow} may be used here.`);
  };
}

/** No request outlives this; what it began goes on and is found by its id or its idempotency key. */
const deadlineMs = 12_000;

const changesSomething = new Set(['post', 'patch', 'delete']);
const permitted = new Map(
  Object.entries(roles).map(
    ([role, permissions]) => [role, new Set<Permission>(permissions)] as [Role, Set<Permission>],
  ),
);

/** Cheap refusals come first: origin, sign-in, permission, address, and only then the body. */
function serve(route: AnyRoute, mounting: Mounting): RequestHandler {
  const { context, cookie, ownOrigins, codecOrigins, stopping } = mounting;
  const params = route.params ?? nothing;
  const query = route.query ?? nothing;
  const body = ('body' in route && route.body) || nothing;
  const rates = route.rate ? new CallerRates(route.rate) : null;

  return async (request, response) => {
    const notes = notesOf(response);
    notes.route = route.path;
    const changes = changesSomething.has(route.method);
    if (route.crossOrigin) inviteOrigin(request, response, codecOrigins, route.method.toUpperCase());
    if (changes) refuseCrossOrigin(request, ownOrigins, route.crossOrigin ? codecOrigins : undefined);
    const token = cookie.read(request);
    const caller = await callerOf(route, request, token, context);
    const { signedIn, worker } = caller;
    refuseUnpermitted(route, caller);
    rates?.take(signedIn?.userId ?? worker?.tokenId ?? request.ip ?? '');

    const parsedParams = parseInput(params, request.params);
    notes.about = parsedParams as object;
    const parsedQuery = parseInput(query, request.query);
    const parsedBody = changes ? parseInput(body, (await readBody(request)) ?? emptyFor(route)) : undefined;

    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const actor = { userId: signedIn?.userId ?? null, requestId: notes.requestId };
    const input = {
      params: parsedParams,
      query: parsedQuery,
      body: parsedBody,
      actor,
      signedIn,
      worker,
      header: (name: string) => request.get(name),
      signal: gone.signal,
    };
    const requestContext: RequestContext = {
      ...context,
      em: context.platform.registry.em.fork(),
      once: onceFor(route, request, input, context),
      async signIn(userId) {
        if (token) await context.sessions.end(token);
        const started = await context.sessions.start(userId);
        cookie.give(response, started.token, started.signedIn.expiresAt);
        return started.signedIn;
      },
      async signOut() {
        if (token) await context.sessions.end(token);
        cookie.take(response);
      },
    };
    await withLogContext(parsedParams as object, () =>
      'stream' in route
        ? stream(route, input, requestContext, { request, response, token, stopping })
        : answer(route, input, requestContext, response),
    );
  };
}

/** A body that a route needs is not optional; one that takes none may be left out. */
const emptyFor = (route: AnyRoute): unknown => ('body' in route && route.body ? undefined : {});

function refuseUnpermitted({ permission }: AnyRoute, { signedIn, worker }: Caller): void {
  if (permission === 'public' || worker) return;
  if (permission === 'worker') throw new DomainError('unauthenticated', "This needs a worker's token.");
  if (!signedIn) throw new DomainError('unauthenticated', 'Sign in first.');
  if (permission !== 'signed-in' && !permitted.get(signedIn.role as Role)?.has(permission))
    throw new DomainError('forbidden', `Your role does not permit ${permission}.`);
}

function onceFor(
  route: AnyRoute,
  request: Request,
  { params, query, body, actor }: { params: unknown; query: unknown; body: unknown; actor: { userId: string | null } },
  { platform }: ApiContext,
): RequestContext['once'] {
  return (work) => {
    const em = platform.registry.em.fork();
    const key =
      'stream' in route || !route.idempotent || actor.userId === null
        ? null
        : idempotencyKey(request.get('Idempotency-Key'), {
            actorId: actor.userId,
            route: `${route.method} ${route.path}`,
            input: [params, query, body],
          });
    if (!key || 'stream' in route) return em.transactional(work);
    return carryOutOnce(em, key, route.success.status, work);
  };
}

type Input = Parameters<Route['handle']>[0];

async function answer(route: Route, input: Input, context: RequestContext, response: Response): Promise<void> {
  const result = await withinDeadline(route.handle(input, context));
  // What the schema does not declare does not leave: unknown fields are dropped, wrong ones are a defect.
  const body = route.success.body?.parse(result);
  if (body !== null && typeof body === 'object') noteIds(response, body as Record<string, unknown>);
  const status = statusOf(route, result);
  response.status(status).set('Cache-Control', route.cacheControl ?? 'no-store');
  if (body === undefined) return void response.end();
  const text = JSON.stringify(body);
  response
    .set({ 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': String(Buffer.byteLength(text)) })
    .end(text);
}

async function withinDeadline<Result>(handling: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const tooLate = new DomainError('dependency_down', `There was no answer within ${deadlineMs / 1000} seconds.`);
    timer = setTimeout(() => reject(tooLate), deadlineMs);
  });
  try {
    return await Promise.race([handling, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Readiness answers 503 with a body of its own; everything else has one success. */
const statusOf = ({ success }: Route, result: unknown): number =>
  success.also?.includes(503) && (result as { ready?: unknown }).ready === false ? 503 : success.status;

function noteIds(response: Response, { tenantId, runId }: Record<string, unknown>): void {
  const { about } = notesOf(response);
  notesOf(response).about = {
    ...(typeof tenantId === 'string' ? { tenantId } : {}),
    ...(typeof runId === 'string' ? { runId } : {}),
    ...about,
  };
}

async function stream(
  { stream: { event: name, data: schema }, ...route }: StreamRoute,
  input: Input,
  context: RequestContext,
  {
    request,
    response,
    token,
    stopping,
  }: { request: Request; response: Response; token: string | null; stopping: AbortSignal },
): Promise<void> {
  const signedOut = new AbortController();
  const unwatch = token ? context.sessions.watch(token, () => signedOut.abort()) : () => undefined;
  const signal = AbortSignal.any([input.signal, stopping, signedOut.signal]);
  async function* checked() {
    for await (const { id, data } of route.handle({ ...input, signal }, context))
      yield { id, data: serialised(schema, data) };
  }
  try {
    if (request.method === 'HEAD') {
      const events = checked();
      await events.next(); // refuses what there is nothing to follow of
      await events.return(undefined);
      return void response.set('Content-Type', 'text/event-stream; charset=utf-8').end();
    }
    await writeEvents(response, checked(), { name, signal });
  } finally {
    unwatch();
  }
}

/** All watchers of one version are sent the same text. */
const texts = new WeakMap<object, string>();

function serialised(schema: StreamRoute['stream']['data'], data: unknown): string {
  const known = texts.get(data as object);
  if (known !== undefined) return known;
  const text = JSON.stringify(schema.parse(data));
  texts.set(data as object, text);
  return text;
}
