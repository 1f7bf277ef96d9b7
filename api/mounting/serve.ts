import type { Request, RequestHandler } from 'express';
import { withLogContext } from '#observability/logging.ts';
import type { ApiContext } from '../context.ts';
import { carryOutOnce, idempotencyKey } from '../http/once.ts';
import { notesOf } from '../http/requestLog.ts';
import type { AnyRoute, RequestContext } from '../route.ts';
import { admissionTo, type Admitted } from './admission/admit.ts';
import { questionsAbout } from './admission/permitted.ts';
import { answer } from './answer.ts';
import type { Mounting } from './mountRoutes.ts';
import { stream } from './stream.ts';

/** Admits, then hands over to the route's own handler with what belongs to this one request. */
export function serve(route: AnyRoute, mounting: Mounting): RequestHandler {
  const { context, cookie, stopping } = mounting;
  const admit = admissionTo(route, mounting);

  return async (request, response) => {
    notesOf(response).route = route.path;
    const admitted = await admit(request, response);
    const { caller, principal, grants, token, params } = admitted;

    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const input = {
      params,
      query: admitted.query,
      body: admitted.body,
      actor: admitted.actor,
      signedIn: caller.signedIn,
      principal,
      ...questionsAbout(principal, grants, route),
      worker: caller.worker,
      header: (name: string) => request.get(name),
      signal: gone.signal,
    };
    const requestContext: RequestContext = {
      ...context,
      em: context.platform.registry.em.fork(),
      once: onceFor(route, request, admitted, context),
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
    await withLogContext(params as object, () =>
      'stream' in route
        ? stream(route, input, requestContext, { request, response, token, stopping })
        : answer(route, input, requestContext, response),
    );
  };
}

function onceFor(
  route: AnyRoute,
  request: Request,
  { params, query, body, actor }: Admitted,
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
