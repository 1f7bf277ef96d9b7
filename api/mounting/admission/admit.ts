import type { Request, Response } from 'express';
import { Grants, type Principal } from '#domain/access/grants.ts';
import type { Actor } from '#domain/events/appendEvent.ts';
import type { Door } from '../../portals/doors.ts';
import { readBody } from '../../http/bodies.ts';
import { inviteOrigin, refuseCrossOrigin } from '../../http/crossOrigin.ts';
import { parseInput } from '../../http/inputs.ts';
import { addressOf } from '../../http/rateLimits.ts';
import { CallerRates } from '../../http/rates.ts';
import { notesOf } from '../../http/requestLog.ts';
import { nothing, type AnyRoute } from '../../route.ts';
import { callerOf, type Caller } from '../../signIn/caller.ts';
import type { Deadline } from '../deadline.ts';
import type { Mounting } from '../mountRoutes.ts';
import { RequestActor } from './actor.ts';
import { refuseUnproven } from './assurance.ts';
import { principalOf, refuseOutOfScope, refuseUnpermitted, whileItLasts } from './permitted.ts';

/** A request that passed every check: who asks, and what came with it. */
export interface Admitted {
  caller: Caller;
  /** Whose grants count; null where nobody has to sign in, and for workers. */
  principal: Principal | null;
  grants: Grants;
  /** Asked again later, of the grants as they are then. Refuses as at first. */
  refuseIfNoMore(): Promise<void>;
  actor: Actor;
  /** The portal at which it was asked; null on the platform. */
  door: Door | null;
  /** The session's, as the browser sent it. */
  token: string | null;
  params: unknown;
  query: unknown;
  body: unknown;
}

/** What somebody may do who is not signed in. */
export const nobody = new Grants(0, new Map(), []);

export const changesSomething = new Set(['post', 'patch', 'delete']);

/** The checks of one route, in this order: cheap refusals come first, the body is read when nothing else can refuse. */
export function admissionTo(
  route: AnyRoute,
  { context, cookies, ownOrigins, codecOrigins }: Mounting,
): (request: Request, response: Response, deadline: Deadline) => Promise<Admitted> {
  const params = route.params ?? nothing;
  const query = route.query ?? nothing;
  const body = ('body' in route && route.body) || nothing;
  const isAskedOfPath = route.params !== undefined;
  const changes = changesSomething.has(route.method);
  const rates = route.rate ? new CallerRates(route.rate) : null;

  return async (request, response, deadline) => {
    const notes = notesOf(response);
    if (route.crossOrigin) inviteOrigin(request, response, codecOrigins, route.method.toUpperCase());
    if (changes) refuseCrossOrigin(request, ownOrigins, route.crossOrigin ? codecOrigins : undefined);
    const token = cookies.session.read(request);
    const asked = await callerOf(route, request, token, context);
    const { signedIn, key, worker } = asked;
    if (key) context.limits.takeOfKey(response, key.keyId, key.perSecond);
    if (signedIn) context.limits.take(response, 'user', signedIn.userId);
    const userId = signedIn?.userId ?? key?.userId;
    const grants = userId ? await context.access.knowing(userId) : nobody;
    const caller = whileItLasts(asked, grants);
    const actor = new RequestActor(caller, request, notes.requestId, context.platform.installation.keyring);
    notes.actor = actor;
    const principal = principalOf(caller);
    refuseUnpermitted(route, caller, principal, grants);
    refuseUnproven(route, caller.signedIn);
    rates?.take(key?.keyId ?? signedIn?.userId ?? worker?.tokenId ?? addressOf(request));

    const parsedParams = parseInput(params, request.params);
    notes.about = parsedParams as object;
    const parsedQuery = parseInput(query, request.query);
    const em = () => context.platform.registry.em.fork();
    if (isAskedOfPath) await refuseOutOfScope(route, principal, grants, { params: parsedParams, body: {} }, em);
    const takesFile = 'file' in route && route.file !== undefined;
    const parsedBody =
      changes && !takesFile
        ? parseInput(body, (await deadline.spare(readBody(request))) ?? emptyFor(route))
        : undefined;
    const given = { params: parsedParams, body: parsedBody };
    if (!isAskedOfPath) await refuseOutOfScope(route, principal, grants, given, em);
    // Only now: who may see nothing of a tenant must not be able to use up its share.
    const { tenantId } = parsedParams as { tenantId?: string };
    if (tenantId !== undefined) context.limits.take(response, 'tenant', tenantId);
    const refuseIfNoMore = async () => {
      if (!principal) return;
      const now = await context.access.knowing(principal.userId);
      refuseUnpermitted(route, caller, principal, now);
      await refuseOutOfScope(route, principal, now, given, em);
    };
    return { caller, principal, grants, refuseIfNoMore, actor, door: null, token, ...given, query: parsedQuery };
  };
}

/** A body that a route needs is not optional; one that takes none may be left out. */
export const emptyFor = (route: AnyRoute): unknown => ('body' in route && route.body ? undefined : {});
