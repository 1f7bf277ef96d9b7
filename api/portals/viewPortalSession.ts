import type { PortalSession } from '#contracts/portal/session.ts';
import { portalPermissionsWhileActing, portalRoleSheet } from '#contracts/portal/permissions.ts';
import type { SignedIn } from '#domain/people/sessions.ts';

/** Who is signed in at a portal: somebody of the tenant, or somebody of the platform who acts for it. */
export function viewPortalSession(signedIn: SignedIn | null): PortalSession {
  if (!signedIn) return { session: null };
  const { acting, portalRole } = signedIn;
  if (portalRole !== null) return { session: viewMember(signedIn, portalRole) };
  if (!acting) return { session: null };
  const { supportAccessId, actingAs, kind, expiresAt } = acting;
  return {
    session: {
      kind: 'support',
      supportAccessId,
      actingAs,
      by: { email: signedIn.email },
      access: kind,
      permissions: [...portalPermissionsWhileActing],
      expiresAt,
    },
  };
}

const viewMember = (signedIn: SignedIn, role: NonNullable<SignedIn['portalRole']>): PortalSession['session'] => ({
  kind: 'member',
  user: { id: signedIn.userId, email: signedIn.email, name: signedIn.name, role },
  permissions: [...portalRoleSheet[role].permissions],
  expiresAt: signedIn.expiresAt.toISOString(),
  authenticatedAt: signedIn.authenticatedAt.toISOString(),
  factors: signedIn.factors,
  mustSetUp: signedIn.mustSetUp,
});
