import { DomainError } from '#contracts/errors.ts';
import type { Permission, RoutePermission, Target } from '#contracts/permissions.ts';
import { nowhere, type Grants, type Principal, type Reach } from '#domain/access/grants.ts';
import type { Sql } from '#domain/database.ts';
import { limitsWhileActing } from '#domain/support/acting.ts';
import { countNotPermitted } from '#observability/accessMetrics.ts';
import type { AnyRoute } from '../../route.ts';
import type { Caller } from '../../signIn/caller.ts';
import { things, type Given } from './targets.ts';

export function principalOf({ signedIn, key }: Caller): Principal | null {
  if (key) return { userId: key.userId, limits: key.limits };
  if (!signedIn) return null;
  return { userId: signedIn.userId, limits: signedIn.acting ? limitsWhileActing(signedIn.acting) : null };
}

/** Somebody acts for a tenant until the clock says otherwise, or their own role does. */
export function whileItLasts(caller: Caller, grants: Grants): Caller {
  const { signedIn } = caller;
  if (!signedIn?.acting) return caller;
  const { tenantId, plan, expiresAt } = signedIn.acting;
  const lasts =
    Date.parse(expiresAt) > Date.now() &&
    grants.may({ userId: signedIn.userId, limits: null }, 'support:access', { tenantId, plan });
  return lasts ? caller : { ...caller, signedIn: { ...signedIn, acting: null } };
}

/** Refuses with `unauthenticated` who is nobody, and with `forbidden` who may do this to nothing at all. */
export function refuseUnpermitted(
  { permission, scope }: AnyRoute,
  { worker }: Caller,
  principal: Principal | null,
  grants: Grants,
): void {
  if (permission === 'public' || worker) return;
  if (permission === 'portal') throw new DomainError('not_found', 'There is nothing at this address.');
  if (permission === 'worker') throw new DomainError('unauthenticated', "This needs a worker's token.");
  if (!principal) throw new DomainError('unauthenticated', 'Sign in first.');
  if (permission === 'signed-in') return;
  const isPermitted = scope ? grants.mayAnywhere(principal, permission) : grants.may(principal, permission);
  if (!isPermitted) throw forbidden(permission);
}

/**
 * Refuses who may do this elsewhere only: with `not_found`, in the words for what is not there, when nothing of the target is theirs
 * to see, else with `forbidden`. Whose grants hold everywhere cost no look at the registry.
 */
export async function refuseOutOfScope(
  { permission, scope }: AnyRoute,
  principal: Principal | null,
  grants: Grants,
  given: { params: unknown; body: unknown },
  em: () => Sql,
): Promise<void> {
  if (!principal || !scope || scope === 'anywhere' || scope === 'reach') return;
  if (!isGranted(permission)) return;
  const { everything, within } = grants.reach(principal, permission);
  if (everything && within === null) return;
  const thing = things[scope];
  const told = { params: (given.params ?? {}) as Given, body: (given.body ?? {}) as Given };
  const target = await thing.find(told, em());
  if (target === null) throw notFound(thing.name);
  refuseTarget(grants, principal, permission, target, thing.name);
}

/** One that people of the platform hold by their roles. */
const isGranted = (permission: RoutePermission): permission is Permission =>
  !['public', 'worker', 'signed-in', 'portal'].includes(permission);

/** What a handler may ask about who asks, beyond what its route declares. */
export interface Questions {
  /** What of the things that the route lists is theirs; for `scope: 'reach'`. */
  reach: Reach;
  /** Whether they may, besides what the route itself asks for. */
  may(permission: Permission, target?: Target): boolean;
  /** Refuses like the route's own check; for targets that only the handler can find out. */
  demand(permission: Permission, target: Target, name: string): void;
}

type Asker = { principal: Principal | null; grants: Grants };

export const reachOf = ({ principal, grants }: Asker, { permission }: AnyRoute): Reach =>
  !principal || !isGranted(permission) ? nowhere : grants.reach(principal, permission);

export const mayOf =
  ({ principal, grants }: Asker): Questions['may'] =>
  (wanted, target) =>
    principal !== null && grants.may(principal, wanted, target);

export const demandOf =
  ({ principal, grants }: Asker): Questions['demand'] =>
  (wanted, target, name) => {
    if (principal) refuseTarget(grants, principal, wanted, target, name);
  };

/** Of a tenant that they may see nothing of, nobody is told that it exists; plans and the platform are no secret. */
function refuseTarget(
  grants: Grants,
  principal: Principal,
  permission: Permission,
  target: Target,
  name: string,
): void {
  if (grants.may(principal, permission, target)) return;
  const isHidden = target.tenantId !== undefined && !grants.seesAnythingOf(principal, target);
  const refusal = forbidden(permission);
  throw isHidden ? notFound(name) : refusal;
}

function forbidden(permission: Permission): DomainError {
  countNotPermitted(permission);
  return new DomainError('forbidden', `You are not permitted ${permission} here.`);
}
const notFound = (name: string): DomainError => new DomainError('not_found', `There is no such ${name}.`);
