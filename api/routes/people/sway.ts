import { DomainError } from '#contracts/errors.ts';
import type { Principal } from '#domain/access/grants.ts';
import { findHeldGrants } from '#domain/access/findHeldGrants.ts';
import type { RequestContext } from '../../route.ts';

/**
 * Whoever may lock somebody out, or open their sign-in anew, can become them: only who holds everything that they hold may. Refuses
 * with `role_exceeds_yours`.
 */
export async function demandSway(
  userId: string,
  principal: Principal | null,
  { access, em }: Pick<RequestContext, 'access' | 'em'>,
): Promise<void> {
  const grants = await access.current();
  const exceeds = (await findHeldGrants(em, userId)).some(({ scope, permissions }) => {
    const target =
      scope.kind === 'platform' ? {} : scope.kind === 'plan' ? { plan: scope.plan } : { tenantId: scope.tenantId };
    return permissions.some((permission) => !principal || !grants.may(principal, permission, target));
  });
  if (exceeds) throw new DomainError('role_exceeds_yours', 'This person may do more than you may.');
}
