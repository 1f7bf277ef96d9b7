import { z } from 'zod';
import { DomainError } from '#contracts/errors.ts';
import { slugMaxLength, slugPattern } from '#contracts/slugs.ts';
import { PortalSession } from '#contracts/support/supportAccess.ts';
import { findOpenPortal } from '#domain/tenants/openTenants.ts';
import { defineRoute } from '../../route.ts';

/** Today only people of the platform who act for the tenant; its own people follow with sign-ins of their own. */
export const readPortalSession = defineRoute({
  method: 'get',
  path: '/api/v1/portals/{slug}/session',
  summary: 'Who is at this portal, and whom they act as',
  permission: 'public',
  recognises: true,
  params: z.strictObject({ slug: z.string().max(slugMaxLength).regex(slugPattern, 'is not an address') }),
  success: { status: 200, body: PortalSession },
  errors: ['not_found'],
  async handle({ params, signedIn }, { em }) {
    const portal = await findOpenPortal(em, params.slug);
    if (!portal) throw new DomainError('not_found', 'There is no portal at this address.');
    const acting = signedIn?.acting;
    if (!acting || acting.tenantId !== portal.tenantId) return { session: null };
    const { supportAccessId, actingAs, kind, expiresAt } = acting;
    return { session: { supportAccessId, actingAs, by: { email: signedIn.email }, kind, expiresAt } };
  },
});
