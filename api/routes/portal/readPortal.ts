import { z } from 'zod';
import { DomainError } from '#contracts/errors.ts';
import { slugMaxLength, slugPattern } from '#contracts/slugs.ts';
import { Portal } from '#contracts/tenants.ts';
import { issuerOf } from '#domain/realms.ts';
import { findOpenPortal } from '#domain/tenants/openTenants.ts';
import { defineRoute } from '../../route.ts';

export const readPortal = defineRoute({
  method: 'get',
  path: '/api/v1/portals/{slug}',
  summary: "What everybody may know of an active tenant's front door",
  permission: 'public',
  params: z.strictObject({ slug: z.string().max(slugMaxLength).regex(slugPattern, 'is not an address') }),
  success: { status: 200, body: Portal },
  errors: ['not_found'],
  async handle({ params }, { em, platform }) {
    const portal = await findOpenPortal(em, params.slug);
    if (!portal) throw new DomainError('not_found', 'There is no portal at this address.');
    return {
      name: portal.name,
      slug: params.slug,
      issuer: issuerOf(platform.configuration.publicUrl, portal.tenantId),
    };
  },
});
