import { redirect } from '@sveltejs/kit';
import { safeNext } from '#lib/api/nextPath.ts';
import { signInNote } from '#lib/signIn/entered.ts';
import type { PageLoad } from './$types';

/** Who is signed in already has no business here. */
export const load: PageLoad = async ({ url, parent }) => {
  const { session, door } = await parent();
  const next = safeNext(url.searchParams.get('next'), door.home);
  if (session) redirect(303, next);
  return { next, note: signInNote(url) };
};
