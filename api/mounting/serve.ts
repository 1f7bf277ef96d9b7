import type { Request, RequestHandler, Response } from 'express';
import { announceAccess } from '#domain/access/epoch.ts';
import type { Sql } from '#domain/database.ts';
import { withLogContext } from '#observability/logging.ts';
import type { ApiContext } from '../context.ts';
import { carryOutOnce, idempotencyKey } from '../http/once.ts';
import { notesOf } from '../http/requestLog.ts';
import type { AnyRoute, RequestContext } from '../route.ts';
import { Browser } from '../signIn/browser.ts';
import { openingFor, type Opening } from '../signIn/opening.ts';
import { admissionTo, type Admitted } from './admission/admit.ts';
import { withApproval } from './admission/approval.ts';
import type { Judge } from './admission/judge.ts';
import { questionsAbout } from './admission/permitted.ts';
import { answer } from './answer.ts';
import { download } from './download.ts';
import type { Mounting } from './mountRoutes.ts';
import { stream } from './stream.ts';

/** Admits, then hands over to the route's own handler with what belongs to this one request. */
export function serve(route: AnyRoute, mounting: Mounting, judge: Judge): RequestHandler {
  const { context, cookies, stopping } = mounting;
  const { keyring } = context.platform.installation;
  const admit = admissionTo(route, mounting);

  return async (request, response) => {
    const notes = notesOf(response);
    notes.route = route.path;
    notes.params = request.params; // the router forgets them where errors are answered
    const admitted = await admit(request, response);
    const { caller, principal, grants, params } = admitted;

    // Made when they are asked for: most requests are answered without them.
    let gone: AbortController | null = null;
    let em: Sql | null = null;
    let opened: Opening | null = null;
    const opening = () =>
      (opened ??= openingFor(context, admitted, () => new Browser(request, response, { cookies, keyring })));
    const input = {
      params,
      query: admitted.query,
      body: admitted.body,
      actor: admitted.actor,
      signedIn: caller.signedIn,
      principal,
      ...questionsAbout(principal, grants, route),
      key: caller.key,
      worker: caller.worker,
      header: (name: string) => request.get(name),
      get signal() {
        return (gone ??= abortedWith(response)).signal;
      },
    };
    const requestContext: RequestContext = {
      ...context,
      get browser() {
        return opening().browser;
      },
      signIn: (...proof) => opening().signIn(...proof),
      renewSession: () => opening().renewSession(),
      signOut: () => opening().signOut(),
      get em() {
        return (em ??= context.platform.registry.em.fork());
      },
      once: onceFor(route, request, admitted, context),
      async changeAccess(work) {
        const changed = await context.platform.registry.em.fork().transactional(work);
        context.access.refresh(changed.epoch);
        announceAccess(context.platform.announcer, changed.epoch);
        return changed;
      },
      judge: (asked) => judge(asked, admitted),
    };
    const handle = () =>
      'stream' in route
        ? stream(route, input, requestContext, { request, response, admitted, stopping })
        : 'download' in route
          ? download(route, input, requestContext, { response, isHead: request.method === 'HEAD', stopping })
          : withApproval(route, request, admitted, context, () => answer(route, input, requestContext, response));
    await (route.params ? withLogContext(params as object, handle) : handle());
  };
}

/** Aborted when the connection is gone before the answer is. */
function abortedWith(response: Response): AbortController {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone;
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
      !('success' in route) || !route.idempotent || actor.userId === null
        ? null
        : idempotencyKey(request.get('Idempotency-Key'), {
            actorId: actor.keyId ?? actor.userId,
            route: `${route.method} ${route.path}`,
            input: [params, query, body],
          });
    if (!key || !('success' in route)) return em.transactional(work);
    return carryOutOnce(em, key, route.success.status, work);
  };
}
