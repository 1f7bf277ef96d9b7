import type { Session } from '#contracts/session.ts';
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
  const { userId, email, name, expiresAt, authenticatedAt, factors, mustSetUp } = signedIn;
  const held = grants.of(userId);
  const strongest = held.toSorted((one, other) => other.permissions.length - one.permissions.length)[0];
  return {
    user: { id: userId, email, name, role: strongest?.role ?? 'none' },
    roles: held.map(({ role, title, scope }) => ({ role, title, scope })),
    permissions: [...new Set(held.flatMap(({ permissions }) => permissions))],
    grants: held.map(({ scope, permissions }) => ({ scope, permissions: [...permissions] })),
    expiresAt: expiresAt.toISOString(),
    authenticatedAt: authenticatedAt.toISOString(),
    factors,
    mustSetUp,
  };
}
