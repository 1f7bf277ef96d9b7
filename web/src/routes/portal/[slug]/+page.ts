import { error } from '@sveltejs/kit';
import type { PortalSession } from '#contracts/support/supportAccess.ts';
import type { Portal } from '#contracts/tenants.ts';
import { ask } from '#lib/api/requests.ts';
import { Refusal } from '#lib/api/refusal.ts';
import type { PageLoad } from './$types';

/** Public: whoever asks learns whether a tenant is open here, and nothing about those that are not. */
export const load: PageLoad = async ({ fetch, params }) => {
  try {
    const path = `/api/v1/portals/${encodeURIComponent(params.slug)}`;
    const [portal, { session }] = await Promise.all([
      ask<Portal>(fetch, 'GET', path),
      ask<PortalSession>(fetch, 'GET', `${path}/session`),
    ]);
    return { portal, session };
  } catch (failure) {
    if (failure instanceof Refusal && failure.status >= 400 && failure.status < 500) error(404, 'No portal here');
    error(503, 'The portal cannot be shown at the moment');
  }
};
