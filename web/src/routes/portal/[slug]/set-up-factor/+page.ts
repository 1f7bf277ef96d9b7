import { redirect } from '@sveltejs/kit';
import { safeNext, signInPath } from '#lib/api/nextPath.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ url, parent }) => {
  const { session, door } = await parent();
  const next = safeNext(url.searchParams.get('next'), door.home);
  if (!session) redirect(303, signInPath({ pathname: door.home, search: '' }));
  if (session.kind !== 'member' || !session.mustSetUp) redirect(303, next);
  return { email: session.user.email, next };
};
