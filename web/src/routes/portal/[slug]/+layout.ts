import { error, redirect } from '@sveltejs/kit';
import type { PortalSession } from '#contracts/portal/session.ts';
import type { Portal } from '#contracts/tenants.ts';
import { Refusal } from '#lib/api/refusal.ts';
import { ask } from '#lib/api/requests.ts';
import { portalDoor } from '#lib/identity/door.ts';
import type { LayoutLoad } from './$types';

/**
 * Public: whoever asks learns whether a tenant is open here, and nothing about those that are not. A tenant that has another
 * address by now is found there, on the same page.
 */
export const load: LayoutLoad = async ({ fetch, params, url, untrack }) => {
  const path = `/api/v1/portals/${encodeURIComponent(params.slug)}`;
  const rest = untrack(
    () =>
      url.pathname
        .split('/')
        .slice(3)
        .map((part) => `/${part}`)
        .join('') + url.search,
  );
  const moved = (slug: string) => redirect(307, `/portal/${encodeURIComponent(slug)}${rest}`);
  try {
    const portal = await ask<Portal>(fetch, 'GET', path);
    // A browser has followed to the new address by itself.
    if (portal.slug !== params.slug) moved(portal.slug);
    const { session } = await ask<PortalSession>(fetch, 'GET', `${path}/session`);
    return { portal, session, door: portalDoor(portal.slug, portal.name) };
  } catch (failure) {
    if (!(failure instanceof Refusal)) throw failure;
    const { status, problem } = failure;
    if (problem.code === 'tenant_moved' && problem.slug) moved(problem.slug);
    if (problem.code === 'tenant_suspended')
      error(403, 'This portal is suspended', {
        code: 'tenant_suspended',
        ...(problem.notice && { notice: problem.notice }),
      });
    // Whatever else is said no to is not told from what was never there.
    if (status >= 400 && status < 500 && status !== 429) error(404, 'No portal here');
    error(503, 'The portal cannot be shown at the moment');
  }
};
