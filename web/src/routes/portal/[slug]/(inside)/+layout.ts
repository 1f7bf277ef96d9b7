import { redirect } from '@sveltejs/kit';
import { setUpPath, signInPath } from '#lib/api/nextPath.ts';
import type { LayoutLoad } from './$types';

/** Everything in here is for people of the tenant, and for who acts for it; others are sent to sign in and come back. */
export const load: LayoutLoad = async ({ url, parent, untrack }) => {
  const { session } = await parent();
  if (!session)
    redirect(
      303,
      untrack(() => signInPath(url)),
    );
  if (session.kind === 'member' && session.mustSetUp)
    redirect(
      303,
      untrack(() => setUpPath(url)),
    );
  return { session };
};
