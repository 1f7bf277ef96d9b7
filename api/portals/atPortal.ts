import { z } from 'zod';
import { slugMaxLength, slugPattern } from '#contracts/slugs.ts';
import type { Route } from '../route.ts';

export const PortalParams = z.strictObject({
  slug: z.string().max(slugMaxLength).regex(slugPattern, 'is not an address'),
});

/** The prefix of every address of a portal's API. */
export const portalPrefix = '/api/v1/portals/{slug}';

/**
 * The same as on the platform at the front door of a tenant: the same bodies and the same handler, which is given the tenant's people
 * instead of the platform's. Only who is signed in is told in the portal's own words.
 *
 * @param body what the answer is there, where it is another one
 */
export function atPortal<Of extends Pick<Route, 'method' | 'path' | 'permission' | 'summary' | 'success' | 'errors'>>(
  route: Of,
  body?: z.ZodType,
): Route {
  const { permission, params, recognises: _recognises, ...same } = route as unknown as Route;
  if (permission !== 'public' && permission !== 'signed-in') throw new Error(`${route.path} has no place at a portal`);
  return {
    ...same,
    path: `${portalPrefix}${route.path.slice('/api/v1'.length)}`,
    permission: 'portal',
    portal: permission,
    params: params ? PortalParams.extend((params as z.ZodObject).shape) : PortalParams,
    success: body ? { ...same.success, body } : same.success,
  };
}
