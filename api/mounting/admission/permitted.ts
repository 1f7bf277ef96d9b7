import { DomainError } from '#contracts/errors.ts';
import { roles, type Permission, type Role } from '#contracts/permissions.ts';
import type { AnyRoute } from '../../route.ts';
import type { Caller } from '../../signIn/caller.ts';

const permitted = new Map(
  Object.entries(roles).map(
    ([role, permissions]) => [role, new Set<Permission>(permissions)] as [Role, Set<Permission>],
  ),
);

/** Refuses with `unauthenticated` who is nobody, and with `forbidden` who may not. */
export function refuseUnpermitted({ permission }: AnyRoute, { signedIn, worker }: Caller): void {
  if (permission === 'public' || worker) return;
  if (permission === 'worker') throw new DomainError('unauthenticated', "This needs a worker's token.");
  if (!signedIn) throw new DomainError('unauthenticated', 'Sign in first.');
  if (permission !== 'signed-in' && !permitted.get(signedIn.role as Role)?.has(permission))
    throw new DomainError('forbidden', `Your role does not permit ${permission}.`);
}
