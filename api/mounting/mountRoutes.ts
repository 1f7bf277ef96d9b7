import express, { type RequestHandler, type Router } from 'express';
import { DomainError } from '#contracts/errors.ts';
import type { ApiContext } from '../context.ts';
import { inviteOrigin } from '../http/crossOrigin.ts';
import { notesOf } from '../http/requestLog.ts';
import { portalPrefix } from '../portals/atPortal.ts';
import type { AnyRoute } from '../route.ts';
import { judgeFor } from './admission/judge.ts';
import type { Cookies } from '../signIn/cookies.ts';
import { handlerContexts } from './handlerContext.ts';
import { serve } from './serve.ts';

export interface Mounting {
  context: ApiContext;
  cookies: Cookies;
  ownOrigins: ReadonlySet<string>;
  /** Where Temporal's UI is reached: its pages may ask for decoded histories. */
  codecOrigins: ReadonlySet<string>;
  /** Aborted when the API stops: streams end by it. */
  stopping: AbortSignal;
}

/** The one loop that turns routes into handlers: whoever adds a route gets every check by adding it to the table. */
export function mountRoutes(routes: Record<string, AnyRoute>, mounting: Mounting): RequestHandler {
  for (const [name, route] of Object.entries(routes)) {
    if (!route.permission) throw new Error(`the route ${name} declares no permission`);
    const isOfPortal = route.path === portalPrefix || route.path.startsWith(`${portalPrefix}/`);
    if (isOfPortal !== (route.portal !== undefined) || isOfPortal !== (route.permission === 'portal'))
      throw new Error(`the route ${name} declares not who may ask at a portal, or is none`);
  }
  const fixed = new Map<string, Router>();
  const others = placeOfItsOwn();
  const contextFor = handlerContexts(mounting, judgeFor(routes, mounting));
  for (const [path, onPath] of Map.groupBy(Object.entries(routes), ([, route]) => route.path)) {
    const isFixed = !path.includes('{');
    const router = isFixed ? placeOfItsOwn() : others;
    if (isFixed) fixed.set(path, router);
    const place = router.route(path.replace(/\{(\w+)\}/g, ':$1'));
    for (const [, route] of onPath) place[route.method](serve(route, mounting, contextFor));
    place.all(
      refuseMethod(
        onPath.map(([, route]) => route),
        mounting,
      ),
    );
  }
  // Express tries one route after the other; with some hundreds that costs more than most handlers.
  return (request, response, next) => (fixed.get(request.path) ?? others)(request, response, next);
}

const placeOfItsOwn = (): Router => express.Router({ caseSensitive: true, strict: true });

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
