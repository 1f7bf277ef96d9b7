import type { Session } from '#contracts/session.ts';
import type { Permission } from '#contracts/permissions.ts';
import { limitsWhileActing } from '#domain/support/acting.ts';
import type { Grants } from '#domain/access/grants.ts';
import type { SignedIn } from '#domain/people/sessions.ts';

/** The last view of a session, which is good for as long as neither the session nor anybody's grants change. */
const views = new WeakMap<SignedIn, { grants: Grants; view: Session }>();

export function viewSession(signedIn: SignedIn, grants: Grants): Session {
  const last = views.get(signedIn);
  if (last?.grants === grants) return last.view;
  const view = Object.freeze(newView(signedIn, grants));
  views.set(signedIn, { grants, view });
  return view;
}

function newView(signedIn: SignedIn, grants: Grants): Session {
  const { userId, email, name, expiresAt, authenticatedAt, factors, mustSetUp, acting } = signedIn;
  const held = grants.of(userId);
  const strongest = held.toSorted((one, other) => other.permissions.length - one.permissions.length)[0];
  return {
    user: { id: userId, email, name, role: strongest?.role ?? 'none' },
    roles: held.map(({ role, title, scope }) => ({ role, title, scope })),
    ...permittedTo(signedIn, grants),
    expiresAt: expiresAt.toISOString(),
    authenticatedAt: authenticatedAt.toISOString(),
    factors,
    mustSetUp,
    support: acting,
  };
}

/** While somebody acts for a tenant, nothing else of their own is permitted to them, and pages are told so. */
function permittedTo({ userId, acting }: SignedIn, grants: Grants): Pick<Session, 'permissions' | 'grants'> {
  const held = grants.of(userId);
  const everything = new Set(held.flatMap(({ permissions }) => permissions));
  if (!acting)
    return {
      permissions: [...everything],
      grants: held.map(({ scope, permissions }) => ({ scope, permissions: [...permissions] })),
    };
  const { tenantId, plan } = acting;
  const mayThere = (permission: Permission): boolean =>
    grants.may({ userId, limits: limitsWhileActing(acting) }, permission, { tenantId, plan });
  const permissions = [...everything].filter(mayThere);
  return { permissions, grants: [{ scope: { kind: 'tenant', tenantId }, permissions }] };
}
