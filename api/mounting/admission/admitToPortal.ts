import type { Request, Response } from 'express';
import { DomainError } from '#contracts/errors.ts';
import { portalPermissionsWhileActing, portalRoleMay, type PortalAdmission } from '#contracts/portal/permissions.ts';
import type { SignedIn } from '#domain/people/sessions.ts';
import type { ApiContext } from '../../context.ts';
import { readBody } from '../../http/bodies.ts';
import { refuseCrossOrigin } from '../../http/crossOrigin.ts';
import { parseInput } from '../../http/inputs.ts';
import { addressOf } from '../../http/rateLimits.ts';
import { CallerRates } from '../../http/rates.ts';
import { notesOf } from '../../http/requestLog.ts';
import { PortalParams } from '../../portals/atPortal.ts';
import type { Door } from '../../portals/doors.ts';
import { nothing, type AnyRoute } from '../../route.ts';
import type { Deadline } from '../deadline.ts';
import type { Mounting } from '../mountRoutes.ts';
import { RequestActor } from './actor.ts';
import { changesSomething, emptyFor, nobody, type Admitted } from './admit.ts';
import { refuseUnproven } from './assurance.ts';
import { whileItLasts } from './permitted.ts';

/**
 * The checks of one route of the portals. What opens doors on the platform opens none here: neither a session nor a key of the platform,
 * save of a person who acts for this very tenant; and what belongs to another tenant is worth nothing.
 */
export function admissionToPortal(
  route: AnyRoute & { portal: PortalAdmission },
  { context, cookies, ownOrigins }: Mounting,
): (request: Request, response: Response, deadline: Deadline) => Promise<Admitted> {
  const { portal } = route;
  const params = route.params ?? nothing;
  const query = route.query ?? nothing;
  const body = ('body' in route && route.body) || nothing;
  const changes = changesSomething.has(route.method);
  const rates = route.rate ? new CallerRates(route.rate) : null;

  return async (request, response, deadline) => {
    const notes = notesOf(response);
    if (changes) refuseCrossOrigin(request, ownOrigins);
    const { slug } = parseInput(PortalParams, { slug: request.params['slug'] });
    const door = await context.doors.open(slug, request.originalUrl);
    notes.about = { tenantId: door.tenantId };
    const token = door.cookies.session.read(request);
    const find = () => findVisitor(context, door, { member: token, platform: cookies.session.read(request) });
    const signedIn = await find();
    if (signedIn) context.limits.take(response, 'user', signedIn.userId);
    const caller = { signedIn, key: null, worker: null };
    const actor = new RequestActor(caller, request, notes.requestId, context.platform.installation.keyring, door);
    notes.actor = actor;
    refuseVisitor(portal, signedIn);
    if (signedIn?.portalRole) refuseUnproven(route, signedIn);
    rates?.take(signedIn?.userId ?? addressOf(request));
    // Not before: whom nobody knows here must not be able to use up the tenant's share.
    if (signedIn) context.limits.take(response, 'tenant', door.tenantId);

    const parsedParams = parseInput(params, request.params);
    const parsedQuery = parseInput(query, request.query);
    const parsedBody = changes
      ? parseInput(body, (await deadline.spare(readBody(request))) ?? emptyFor(route))
      : undefined;
    return {
      caller,
      principal: null,
      grants: nobody,
      door,
      actor,
      token: signedIn?.portalRole ? token : null,
      params: parsedParams,
      query: parsedQuery,
      body: parsedBody,
      async refuseIfNoMore() {
        await context.doors.open(slug, request.originalUrl);
        refuseVisitor(portal, await find());
      },
    };
  };
}

/** Somebody of this tenant by the cookie of this portal, else somebody of the platform who acts for it and still may. */
async function findVisitor(
  { sessions, access }: ApiContext,
  { tenantId }: Door,
  tokens: { member: string | null; platform: string | null },
): Promise<SignedIn | null> {
  const member = await sessions.find(tokens.member, tenantId);
  if (member) return member;
  const person = await sessions.find(tokens.platform);
  if (person?.acting?.tenantId !== tenantId) return null;
  const caller = { signedIn: person, key: null, worker: null };
  const { signedIn } = whileItLasts(caller, await access.knowing(person.userId));
  return signedIn?.acting ? signedIn : null;
}

/** Refuses with `unauthenticated` who is nobody here, and with `forbidden` who may not do this here. */
function refuseVisitor(portal: PortalAdmission, signedIn: SignedIn | null): void {
  if (portal === 'public') return;
  if (!signedIn) throw new DomainError('unauthenticated', 'Sign in first.');
  const { portalRole } = signedIn;
  if (portal === 'signed-in') {
    if (portalRole === null)
      throw new DomainError('forbidden', 'Who acts for a tenant has no sign-in of their own there.');
    return;
  }
  const isPermitted =
    portalRole === null ? portalPermissionsWhileActing.includes(portal) : portalRoleMay(portalRole, portal);
  if (!isPermitted) throw new DomainError('forbidden', `You are not permitted ${portal} here.`);
}
